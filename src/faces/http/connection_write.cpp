#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <utility>

#include "faces/http/connection.h"

namespace sonde::faces::http {

namespace net = boost::asio;

namespace {

constexpr std::size_t kDropAboveBytes = 1U << 20;
// A client that is still sending when it is refused must read the answer before the connection is
// reset: what it sends is read and thrown away for a while.
constexpr std::chrono::milliseconds kLinger{5'000};
constexpr std::size_t kLingerBytes = 16U << 20;

}  // namespace

void ClientConnection::begin_answer(Response response) {
  state_ = State::Answering;
  last_ = last_ || stop_.cancelled();
  put(head_of(response, head_ ? Body::LeftOut : Body::Shown,
              last_ ? Connection::Closed : Connection::Kept));
  if (!head_ && !response.body.empty()) {
    put(std::move(response.body));
  }
  answer_ended_ = true;
  write_more();
}

void ClientConnection::begin_stream(const std::vector<Header>& headers) {
  state_ = State::Streaming;
  put(stream_head(headers));
  write_more();
}

void ClientConnection::add_event(const std::string& text, Importance importance) {
  if (state_ != State::Streaming || answer_ended_ || text.empty() ||
      (importance == Importance::Droppable && waiting_bytes_ > kDropAboveBytes)) {
    return;
  }
  if (waiting_bytes_ > limits_.waiting_bytes) {
    gone();  // it does not read
    return;
  }
  last_sign_ = std::chrono::steady_clock::now();
  put(fmt::format("{:x}\r\n{}\r\n", text.size(), text));
  write_more();
}

void ClientConnection::end_answer() {
  if (state_ != State::Streaming || answer_ended_) {
    return;
  }
  answer_ended_ = true;
  put("0\r\n\r\n");
  write_more();
}

void ClientConnection::put(std::string bytes) {
  waiting_bytes_ += bytes.size();
  waiting_.push_back(std::move(bytes));
}

void ClientConnection::write_more() {
  if (writing_ || waiting_.empty() || state_ == State::Closing) {
    return;
  }
  writing_ = true;
  on_the_way_.assign(std::make_move_iterator(waiting_.begin()),
                     std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  std::vector<net::const_buffer> buffers;
  buffers.reserve(on_the_way_.size());
  for (const std::string& bytes : on_the_way_) {
    buffers.push_back(net::buffer(bytes));
  }
  stream_.expires_after(limits_.write);
  net::async_write(stream_, buffers, [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->written(error);
  });
}

void ClientConnection::written(ErrorCode error) {
  writing_ = false;
  if (error) {
    gone();
    return;
  }
  for (const std::string& bytes : on_the_way_) {
    waiting_bytes_ -= bytes.size();
  }
  on_the_way_.clear();
  if (!waiting_.empty()) {
    write_more();
  } else if (answer_ended_) {
    after_answer();
  }
}

void ClientConnection::after_answer() {
  going_.reset();
  when_gone_ = nullptr;
  timer_.cancel();
  answer_ended_ = false;
  read_headers();
}

void ClientConnection::close_gently() {
  state_ = State::Closing;
  ErrorCode ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLinger);
  read_rest();
}

void ClientConnection::read_rest() {
  buffer_.clear();
  constexpr std::size_t kPiece = 16U << 10;
  stream_.async_read_some(buffer_.prepare(kPiece),
                          [self = shared_from_this()](ErrorCode error, std::size_t count) {
                            self->passed_over_bytes_ += count;
                            if (error || self->passed_over_bytes_ > kLingerBytes) {
                              self->gone();
                            } else {
                              self->read_rest();
                            }
                          });
}

void ClientConnection::gone() {
  state_ = State::Closing;
  answer_ended_ = true;
  timer_.cancel();
  stream_.close();
  if (going_ != nullptr) {
    going_->cancel();
    going_.reset();
  }
  if (when_gone_) {
    std::exchange(when_gone_, nullptr)();
  }
}

}  // namespace sonde::faces::http
