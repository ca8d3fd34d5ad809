#include "faces/http/listener.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "faces/http/connection.h"
#include "io/os_error.h"

namespace sonde::faces::http {

namespace net = boost::asio;
using Tcp = net::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kLook{10};
constexpr std::chrono::milliseconds kAfterFailure{100};  // no descriptor was free

class AsioListener final : public Listener {
 public:
  AsioListener(const ListenOptions& options, CancelToken stop)
      : options_(options),
        stop_(std::move(stop)),
        context_(static_cast<int>(options.threads)),
        acceptor_(net::make_strand(context_)),
        timer_(acceptor_.get_executor()) {}
  ~AsioListener() override { end_threads(); }
  AsioListener(const AsioListener&) = delete;
  AsioListener& operator=(const AsioListener&) = delete;

  Status listen();
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void start(Handler& handler) override;
  void drain(std::chrono::milliseconds patience) override;
  void end() override { end_threads(); }

 private:
  void accept();
  void take(ErrorCode error, Tcp::socket socket);
  void run();
  void end_threads();
  std::vector<std::shared_ptr<ClientConnection>> connections();

  const ListenOptions options_;
  const CancelToken stop_;
  net::io_context context_;
  Tcp::acceptor acceptor_;
  net::steady_timer timer_;
  std::optional<net::executor_work_guard<net::io_context::executor_type>> guard_;
  std::uint16_t port_ = 0;
  Handler* handler_ = nullptr;
  // Connections hold it, and may be the last.
  std::shared_ptr<std::atomic<std::size_t>> open_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::mutex mutex_;
  std::vector<std::weak_ptr<ClientConnection>> clients_;
  std::vector<std::thread> threads_;
};

Status AsioListener::listen() {
  ErrorCode error;
  const auto address = net::ip::make_address(options_.address.host, error);
  if (error) {
    return Error{Code::InvalidArgument, options_.address.host + " is no address"};
  }
  const Tcp::endpoint endpoint(address, options_.address.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) {
    acceptor_.set_option(net::socket_base::reuse_address(true), error);
  }
  if (!error) {
    acceptor_.bind(endpoint, error);
  }
  if (!error) {
    acceptor_.listen(net::socket_base::max_listen_connections, error);
  }
  const std::string url = options_.address.url();
  if (error == net::error::address_in_use) {
    return Error{Code::Busy, "another program listens at " + url +
                                 "; `--listen ADDRESS:PORT` takes another, port 0 any free one"};
  }
  if (error) {
    return io::os_error(error.value(), "listen at", url);
  }
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

void AsioListener::start(Handler& handler) {
  handler_ = &handler;
  guard_.emplace(context_.get_executor());
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
  net::post(acceptor_.get_executor(), [this] { accept(); });
}

void AsioListener::run() {
  pthread_setname_np(pthread_self(), "sonde-http");
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception&) {
      // No memory for one step of one connection: that one is lost, the others go on.
    }
  }
}

void AsioListener::accept() {
  acceptor_.async_accept(net::make_strand(context_), [this](ErrorCode error, Tcp::socket socket) {
    take(error, std::move(socket));
  });
}

void AsioListener::take(ErrorCode error, Tcp::socket socket) {
  if (error == net::error::operation_aborted || !acceptor_.is_open()) {
    return;
  }
  if (error) {
    timer_.expires_after(kAfterFailure);
    timer_.async_wait([this](ErrorCode ended) {
      if (!ended) {
        accept();
      }
    });
    return;
  }
  accept();  // before anything that may fail
  socket.set_option(Tcp::no_delay(true), error);
  if (open_->load() >= options_.connection_limit) {
    Response full = error_response(
        503, {Code::Busy, "too many connections are open; try again in some seconds"});
    socket.non_blocking(true, error);
    const std::string text = head_of(full, Body::Shown, Connection::Closed) + full.body;
    socket.write_some(net::buffer(text), error);
    socket.shutdown(Tcp::socket::shutdown_send, error);
  } else {
    open_->fetch_add(1);
    const std::shared_ptr<void> slot(nullptr, [open = open_](void*) { open->fetch_sub(1); });
    const auto client = std::make_shared<ClientConnection>(std::move(socket), *handler_,
                                                           ConnectionLimits{}, stop_, slot);
    const std::lock_guard lock(mutex_);
    clients_.erase(std::remove_if(clients_.begin(), clients_.end(),
                                  [](const auto& each) { return each.expired(); }),
                   clients_.end());
    clients_.push_back(client);
    client->start();
  }
}

std::vector<std::shared_ptr<ClientConnection>> AsioListener::connections() {
  std::vector<std::shared_ptr<ClientConnection>> result;
  const std::lock_guard lock(mutex_);
  for (const auto& each : clients_) {
    if (auto client = each.lock()) {
      result.push_back(std::move(client));
    }
  }
  return result;
}

void AsioListener::drain(std::chrono::milliseconds patience) {
  net::post(acceptor_.get_executor(), [this] {
    ErrorCode ignored;
    acceptor_.close(ignored);
    timer_.cancel();
  });
  for (const auto& client : connections()) {
    client->finish();
  }
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (open_->load() > 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(kLook);
  }
}

void AsioListener::end_threads() {
  for (const auto& client : connections()) {
    client->abort();
  }
  guard_.reset();
  context_.stop();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const ListenOptions& options, CancelToken stop) {
  auto listener = std::make_unique<AsioListener>(options, std::move(stop));
  TRY(listener->listen());
  return Result<std::unique_ptr<Listener>>(std::move(listener));
}

}  // namespace sonde::faces::http
