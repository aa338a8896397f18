// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/net/net_harness.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace pairwire::net::testing {

bool RunUntil(EventLoop& loop, const std::function<bool()>& condition) {
  const auto deadline = loop.Now() + std::chrono::seconds(30);
  bool held = false;
  std::function<void()> check;
  Alarm alarm(loop, [&] { check(); });
  check = [&] {
    held = condition();
    if (held || loop.Now() > deadline) {
      loop.Stop();
    } else {
      alarm.SetAt(loop.Now() + std::chrono::milliseconds(1));
    }
  };
  alarm.SetAt(loop.Now());
  loop.Run();
  return held;
}

void RunUntilIdle(EventLoop& loop) {
  int turns = 0;
  std::function<void()> next = [&] {
    if (++turns == 10) {
      loop.Stop();
    } else {
      loop.Post(next);
    }
  };
  loop.Post(next);
  loop.Run();
}

std::pair<int, int> ConnectedPair(int buffer) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  for (const int fd : ends) {
    if (buffer != 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  }
  return {ends[0], ends[1]};
}

std::pair<int, std::uint16_t> ListenOnLoopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd, 16), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return {fd, ntohs(address.sin_port)};
}

int AcceptOne(int listener) {
  pollfd waiting{listener, POLLIN, 0};
  if (::poll(&waiting, 1, 10'000) != 1) return -1;
  return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

End::End(Socket s, std::size_t chunk) : socket(std::move(s)), chunk_(chunk) {
  socket.SetEvents(this);
  socket.WantRead(true);
}

void End::Send(const std::string& bytes) {
  pending += bytes;
  Flush();
}

void End::FinishSending() {
  finish_ = true;
  Flush();
}

void End::Flush() {
  while (!pending.empty()) {
    const Socket::Io io = socket.Write(pending);
    if (io.status == Socket::Io::Status::kOk) {
      pending.erase(0, io.bytes);
      continue;
    }
    failed = io.status != Socket::Io::Status::kWouldBlock;
    break;
  }
  if (failed) pending.clear();
  socket.WantWrite(!pending.empty());
  if (pending.empty() && std::exchange(finish_, false)) socket.ShutdownSend();
}

void End::OnWritable() { Flush(); }

void End::OnReadable() {
  std::vector<char> buffer(chunk_);
  const Socket::Io io = socket.Read(buffer.data(), buffer.size());
  if (io.status == Socket::Io::Status::kOk) {
    received.append(buffer.data(), io.bytes);
  } else if (io.status != Socket::Io::Status::kWouldBlock) {
    ended = io.status == Socket::Io::Status::kEnd;
    failed = !ended;
    socket.WantRead(false);
  }
}

namespace {

EVP_PKEY* NewKey() { return EVP_EC_gen("P-256"); }

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* NewCertificate(EVP_PKEY* key, long serial, const char* common_name) {
  X509* made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made), 24 * 3600);
  X509_set_pubkey(made, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return made;
}

void Save(const std::string& path, const std::function<int(std::FILE*)>& write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(write(file), 1);
  std::fclose(file);
}

}  // namespace

TestCertificates::TestCertificates() {
  std::string name = (std::filesystem::temp_directory_path() / "pairwire-net-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  key_ = NewKey();
  authority_ = NewCertificate(key_, serial_++, "test authority");
  X509_set_issuer_name(authority_, X509_get_subject_name(authority_));
  AddExtension(authority_, authority_, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(authority_, key_, EVP_sha256());
  Save(Authority(), [this](std::FILE* file) { return PEM_write_X509(file, authority_); });
}

TestCertificates::~TestCertificates() {
  X509_free(authority_);
  EVP_PKEY_free(key_);
  std::filesystem::remove_all(folder_);
}

void TestCertificates::Make(const std::string& name, const std::string& alternative_name) {
  EVP_PKEY* key = NewKey();
  X509* certificate = NewCertificate(key, serial_++, name.c_str());
  X509_set_issuer_name(certificate, X509_get_subject_name(authority_));
  AddExtension(certificate, authority_, NID_subject_alt_name, alternative_name);
  X509_sign(certificate, key_, EVP_sha256());
  Save(Certificate(name),
       [certificate](std::FILE* file) { return PEM_write_X509(file, certificate); });
  Save(Key(name), [key](std::FILE* file) {
    return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace pairwire::net::testing
