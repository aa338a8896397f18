// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/capture/capture_writer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "peer/base/log.h"
#include "peer/capture/pcapng.h"

namespace pairwire::capture {
namespace {

constexpr std::uint64_t kMinFile = 4 * 1024;
constexpr std::size_t kBuffer = 64 * 1024;
constexpr std::size_t kMaxSecretsLine = 1024;  // TLS lines have about 180 characters

std::string ErrnoText(int number) { return std::generic_category().message(number); }

}  // namespace

Result<Address> Address::Parse(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);  // inet_pton wants its end marked; an inner NUL would be one
  Address address{.port = port};
  if (text.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, text.c_str(), address.ip.data()) == 1) return address;
    address.is_ipv6 = true;
    if (inet_pton(AF_INET6, text.c_str(), address.ip.data()) == 1) return address;
  }
  return Fail(Errc::kInvalidArgument, "this is no IP address");
}

// ---- The file

class CaptureWriter::Impl {
 public:
  Impl(int descriptor, Options options)
      : descriptor_(descriptor), options_(std::move(options)), buffer_(FileStart()) {
    bytes_ = buffer_.size();
  }
  ~Impl() {
    Flush();
    close(descriptor_);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Packet(Direction direction, const Address& local, const Address& remote, ByteSpan payload);
  void Secrets(std::string_view line);
  void Flush();

  bool active() const { return active_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // False when it does not fit the file any more.
  bool MakeRoom(std::size_t size);
  void Stop(const std::string& why);

  const int descriptor_;
  const Options options_;
  bool active_ = true;
  Bytes buffer_;
  // Where the newest block begins in buffer_, when that is a packet that was received.
  std::size_t newest_received_ = kNone;
  std::uint64_t bytes_ = 0;
  std::uint64_t left_out_ = 0;
};

void CaptureWriter::Impl::Packet(Direction direction, const Address& local, const Address& remote,
                                 ByteSpan payload) {
  if (active_ && payload.size() <= kMaxPayload) {
    const Bytes block = PacketBlock(options_.clock(), direction, local, remote, payload);
    if (MakeRoom(block.size())) {
      newest_received_ = direction == Direction::kReceived ? buffer_.size() : kNone;
      buffer_.insert(buffer_.end(), block.begin(), block.end());
      return;
    }
  }
  ++left_out_;
}

// Whoever reads the file needs the keys before the packets, but it is by processing a packet that
// keys come to be, and that packet may hold the first encrypted record already. So they go in front
// of it.
void CaptureWriter::Impl::Secrets(std::string_view line) {
  const bool sound = !line.empty() && line.size() <= kMaxSecretsLine &&
                     line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  if (active_ && sound) {
    const Bytes block = SecretsBlock(line);
    if (MakeRoom(block.size())) {
      const std::size_t at = newest_received_ == kNone ? buffer_.size() : newest_received_;
      buffer_.insert(buffer_.begin() + static_cast<std::ptrdiff_t>(at), block.begin(), block.end());
      if (newest_received_ != kNone) newest_received_ += block.size();
      return;
    }
  }
  ++left_out_;
}

void CaptureWriter::Impl::Flush() {
  ByteSpan rest = buffer_;
  while (active_ && !rest.empty()) {
    const ssize_t written = write(descriptor_, rest.data(), rest.size());
    if (written > 0) {
      rest = rest.subspan(static_cast<std::size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      Stop("cannot write: " + ErrnoText(errno));
    }
  }
  buffer_.clear();
  newest_received_ = kNone;
}

bool CaptureWriter::Impl::MakeRoom(std::size_t size) {
  if (bytes_ + size > options_.max_bytes) {
    Flush();
    if (active_) Stop("the file has reached its bound");
    return false;
  }
  // The newest packet stays as long as keys may have to go in front of it.
  if (buffer_.size() + size > kBuffer) Flush();
  if (!active_) return false;
  bytes_ += size;
  return true;
}

void CaptureWriter::Impl::Stop(const std::string& why) {
  active_ = false;
  Log(LogLevel::kWarning, "capture: ended after " + std::to_string(bytes_) + " bytes, " + why);
}

// ---- The public face

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::Create(const std::string& path,
                                                             Options options) {
  if (!options.clock) return Fail(Errc::kInvalidArgument, "a capture needs a clock");
  if (options.max_bytes < kMinFile) {
    return Fail(Errc::kInvalidArgument, "a capture needs at least 4096 bytes");
  }
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Fail(Errc::kInvalidArgument, "a capture needs the name of a file");
  }
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return Fail(Errc::kSystem, "cannot create the capture: " + ErrnoText(errno));
  return std::unique_ptr<CaptureWriter>(
      new CaptureWriter(std::make_unique<Impl>(descriptor, std::move(options))));
}

CaptureWriter::CaptureWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureWriter::~CaptureWriter() = default;

void CaptureWriter::Packet(Direction direction, const Address& local, const Address& remote,
                           ByteSpan payload) {
  impl_->Packet(direction, local, remote, payload);
}

void CaptureWriter::Secrets(std::string_view line) { impl_->Secrets(line); }
void CaptureWriter::Flush() { impl_->Flush(); }
bool CaptureWriter::active() const { return impl_->active(); }
std::uint64_t CaptureWriter::bytes() const { return impl_->bytes(); }
std::uint64_t CaptureWriter::left_out() const { return impl_->left_out(); }

}  // namespace pairwire::capture
