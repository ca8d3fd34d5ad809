#pragma once
// One client's connection: requests are read one after the other, each answered before the next is
// looked at. Everything is bounded: headers, bodies, what waits to be written, and how long a
// client may take for any of it.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faces/http/exchange.h"

namespace sonde::faces::http {

struct ConnectionLimits {
  std::chrono::milliseconds idle{30'000};        // for a request's headers
  std::chrono::milliseconds body{30'000};        // for its whole body
  std::chrono::milliseconds write{30'000};       // for what is written at once
  std::chrono::milliseconds keep_alive{15'000};  // between two signs of life on a quiet stream
  std::uint32_t header_bytes = 16U << 10;
  std::size_t waiting_bytes = 32U << 20;  // not read by the client; then it is cut off
};

class ConnectionExchange;

/// Everything runs on the strand of its stream, apart from what says otherwise.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  /// @param handler  outlives it
  /// @param stop     of the server
  /// @param slot     held as long as this lives
  ClientConnection(boost::asio::ip::tcp::socket socket, Handler& handler, ConnectionLimits limits,
                   CancelToken stop, std::shared_ptr<void> slot);

  void start();
  /// The request that is being answered is the last one; an idle client is left at once. From any
  /// thread.
  void finish();
  /// From any thread.
  void abort();

 private:
  friend class ConnectionExchange;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using ErrorCode = boost::beast::error_code;
  enum class State { Idle, Reading, Answering, Streaming, Closing };

  // Reading (connection.cpp)
  void read_headers();
  void take_headers(ErrorCode error);
  void read_body();
  void take_body(ErrorCode error);
  void serve();
  void refuse_bytes(ErrorCode error);
  void watch();
  void look_at_client();
  // Writing (connection_write.cpp)
  void begin_answer(Response response);
  void begin_stream(const std::vector<Header>& headers);
  void add_event(const std::string& text, Importance importance);
  void end_answer();
  void put(std::string bytes);
  void write_more();
  void written(ErrorCode error);
  void after_answer();
  void close_gently();
  void read_rest();
  void gone();

  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  Handler& handler_;
  const ConnectionLimits limits_;
  const CancelToken stop_;
  const std::shared_ptr<void> slot_;
  std::optional<Parser> parser_;
  Request request_;
  std::shared_ptr<CancelSource> going_;  // of the request that is answered
  std::function<void()> when_gone_;
  State state_ = State::Idle;
  bool last_ = false;          // no further request is read
  bool answer_ended_ = false;  // nothing is added to the answer any more
  bool head_ = false;          // HEAD: the body is left out
  bool writing_ = false;
  std::deque<std::string> waiting_;
  std::vector<std::string> on_the_way_;
  std::size_t waiting_bytes_ = 0;
  std::size_t passed_over_bytes_ = 0;
  std::chrono::steady_clock::time_point last_sign_{};
};

}  // namespace sonde::faces::http
