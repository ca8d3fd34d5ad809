#include "faces/http/connection.h"

#include <poll.h>

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <exception>
#include <limits>
#include <utility>

#include "faces/http/parsed_request.h"

namespace sonde::faces::http {

namespace net = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::chrono::milliseconds kLook{100};  // between two looks whether the client is there

}  // namespace

/// What a handler holds. The connection may be gone by then.
class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(const std::shared_ptr<ClientConnection>& connection, Request request)
      : connection_(connection),
        request_(std::move(request)),
        going_(connection->going_),
        cancel_(going_->token().or_when(connection->stop_)) {}
  ~ConnectionExchange() override {
    if (!answered_) {
      respond(error_response(500, {Code::Internal,
                                   "the request was given up (this is a mistake in Sonde; please "
                                   "report it)"}));
    }
  }
  ConnectionExchange(const ConnectionExchange&) = delete;
  ConnectionExchange& operator=(const ConnectionExchange&) = delete;

  [[nodiscard]] const Request& request() const override { return request_; }
  [[nodiscard]] CancelToken cancel() const override { return cancel_; }

  void when_gone(std::function<void()> call) override {
    if (const auto connection = connection_.lock()) {
      connection->when_gone_ = std::move(call);
    }
  }
  void respond(Response response) override {
    if (!answered_.exchange(true)) {
      tell([response = std::move(response)](ClientConnection& connection) mutable {
        connection.begin_answer(std::move(response));
      });
    }
  }
  void open_stream(std::vector<Header> headers) override {
    if (!answered_.exchange(true)) {
      tell([headers = std::move(headers)](ClientConnection& connection) {
        connection.begin_stream(headers);
      });
    }
  }
  void event(std::string text, Importance importance) override {
    tell([text = std::move(text), importance](ClientConnection& connection) {
      connection.add_event(text, importance);
    });
  }
  void end_stream() override {
    tell([](ClientConnection& connection) { connection.end_answer(); });
  }

 private:
  /// Posted, never run at once: so the order of calls is that of the answer.
  template <typename Call>
  void tell(Call call) {
    if (auto connection = connection_.lock()) {
      // A connection has one exchange after the other: a late word is not for the next.
      const auto executor = connection->stream_.get_executor();
      net::post(executor, [connection = std::move(connection), mine = going_,
                           call = std::move(call)]() mutable {
        if (connection->going_ == mine) {
          call(*connection);
        }
      });
    }
  }
  const std::weak_ptr<ClientConnection> connection_;
  const Request request_;
  const std::shared_ptr<CancelSource> going_;
  const CancelToken cancel_;
  std::atomic<bool> answered_{false};
};

ClientConnection::ClientConnection(net::ip::tcp::socket socket, Handler& handler,
                                   ConnectionLimits limits, CancelToken stop,
                                   std::shared_ptr<void> slot)
    : stream_(std::move(socket)),
      timer_(stream_.get_executor()),
      buffer_(limits.header_bytes + (64U << 10)),
      handler_(handler),
      limits_(limits),
      stop_(std::move(stop)),
      slot_(std::move(slot)) {}

void ClientConnection::start() {
  net::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->read_headers(); });
}

void ClientConnection::finish() {
  net::post(stream_.get_executor(), [self = shared_from_this()] {
    self->last_ = true;
    if (self->state_ == State::Idle && self->buffer_.size() == 0 && !self->parser_->got_some()) {
      self->gone();
    }
  });
}

void ClientConnection::abort() {
  net::post(stream_.get_executor(), [self = shared_from_this()] { self->gone(); });
}

void ClientConnection::read_headers() {
  if (last_) {
    close_gently();
    return;
  }
  state_ = State::Idle;
  head_ = false;
  parser_.emplace();
  parser_->header_limit(limits_.header_bytes);
  // Which limit holds is known when the headers are. (None at all is not possible: Boost 1.74 takes
  // that for zero.)
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  stream_.expires_after(limits_.idle);
  beast::http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->take_headers(error); });
}

/// What cannot be read as HTTP is answered; a client that was too slow is not there any more, since
/// its stream is closed by then.
void ClientConnection::refuse_bytes(ErrorCode error) {
  using beast::http::make_error_code;
  namespace http = beast::http;
  last_ = true;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    begin_answer(error_response(431, {Code::Limit, "the headers may be 16 KiB long"}));
  } else if (error == http::error::body_limit) {
    begin_answer(error_response(413, {Code::Limit, "the body is longer than this path takes"}));
  } else if (error.category() == make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    begin_answer(error_response(
        400, {Code::InvalidArgument, "this is not HTTP/1.1 (" + error.message() + ")"}));
  } else {
    gone();
  }
}

void ClientConnection::take_headers(ErrorCode error) {
  state_ = State::Reading;
  if (error) {
    refuse_bytes(error);
    return;
  }
  request_ = parsed_request(parser_->get());
  head_ = request_.method == "HEAD";
  last_ = last_ || request_.version == 10 || !parser_->keep_alive();
  if (request_.version != 10 && request_.version != 11) {
    refuse_bytes(beast::http::error::bad_version);
    return;
  }
  Admission admission = handler_.admit(request_);
  const auto length = parser_->content_length();
  if (!admission.refusal && length && *length > admission.body_limit_bytes) {
    refuse_bytes(beast::http::error::body_limit);
    return;
  }
  if (admission.refusal) {
    last_ = last_ || !parser_->is_done();  // its body is not read
    begin_answer(std::move(*admission.refusal));
    return;
  }
  parser_->body_limit(admission.body_limit_bytes);
  if (!same_letters(request_.header("expect"), "100-continue") || parser_->is_done()) {
    read_body();
    return;
  }
  stream_.expires_after(limits_.write);
  static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  net::async_write(stream_, net::buffer(kGoOn.data(), kGoOn.size()),
                   [self = shared_from_this()](ErrorCode failed, std::size_t) {
                     if (failed) {
                       self->gone();
                     } else {
                       self->read_body();
                     }
                   });
}

void ClientConnection::read_body() {
  if (parser_->is_done()) {
    take_body({});
    return;
  }
  stream_.expires_after(limits_.body);
  beast::http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->take_body(error); });
}

void ClientConnection::take_body(ErrorCode error) {
  if (error) {
    refuse_bytes(error);
    return;
  }
  request_.body = std::move(parser_->get().body());
  serve();
}

void ClientConnection::serve() {
  state_ = State::Answering;
  answer_ended_ = false;
  going_ = std::make_shared<CancelSource>();
  const auto exchange =
      std::make_shared<ConnectionExchange>(shared_from_this(), std::move(request_));
  try {
    handler_.handle(exchange);
  } catch (const std::exception& failure) {
    exchange->respond(error_response({Code::Internal, failure.what()}));
  }
  last_sign_ = std::chrono::steady_clock::now();
  watch();
}

void ClientConnection::watch() {
  timer_.expires_after(kLook);
  timer_.async_wait([self = shared_from_this(), mine = going_](ErrorCode error) {
    if (!error && self->going_ == mine && self->going_ != nullptr) {
      self->look_at_client();
    }
  });
}

/// While a request is worked on nothing is read, so that a client went away has to be asked for.
/// One that closes its sending half has gone.
void ClientConnection::look_at_client() {
  pollfd entry{stream_.socket().native_handle(), POLLRDHUP, 0};
  if (!answer_ended_ && ::poll(&entry, 1, 0) > 0 &&
      (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
    gone();
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (state_ == State::Streaming && now - last_sign_ >= limits_.keep_alive && !answer_ended_) {
    add_event(":\n\n", Importance::Droppable);
  }
  watch();
}

}  // namespace sonde::faces::http
