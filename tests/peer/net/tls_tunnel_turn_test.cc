// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TlsTunnel against coturn: an Allocate request gets its answer (RFC 8656 section 7).
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "peer/base/byte_reader.h"
#include "tests/peer/net/test_certificate.h"
#include "tests/peer/net/tunnel_client.h"
#include "tests/support/child_process.h"
#include "tests/support/server_port.h"

namespace pairwire::net {
namespace {

constexpr char kTurnServer[] = "/usr/bin/turnserver";

TEST(TlsTunnelTurnTest, AnAllocateGetsItsChallenge) {
  if (!std::filesystem::exists(kTurnServer)) GTEST_SKIP() << "SKIPPED: needs the package coturn";
  const test::TestCertificate certificate("DNS:localhost");
  const std::string port = std::to_string(test::ServerPort());
  test::ChildProcess turn(
      {kTurnServer, "-n", "-v", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
       "--listening-port=" + std::to_string(test::ServerPort()), "--tls-listening-port=" + port,
       "--cert=" + certificate.certificate(), "--pkey=" + certificate.key(), "--lt-cred-mech",
       "--user=u:p", "--realm=pairwire.test", "--no-dtls", "--no-cli", "--log-file=stdout",
       "--pidfile=", "--userdb=" + certificate.key() + ".db"});
  ASSERT_TRUE(turn.WaitForLine([&](const std::string& line) {
    return line.find("TLS") != std::string::npos &&
           line.find("listener opened on : 127.0.0.1:" + port) != std::string::npos;
  })) << turn.errors();

  test::TunnelOnLoop tunnel(
      {"localhost", static_cast<std::uint16_t>(std::stoi(port)), certificate.authority()});
  test::TunnelClient client(tunnel.port());
  Bytes request;
  ByteWriter writer(request);
  writer.WriteU16(0x0003);      // Allocate
  writer.WriteU16(8);           // of attributes
  writer.WriteU32(0x2112a442);  // magic cookie
  writer.WriteText("transaction!");
  writer.WriteU16(0x0019);  // REQUESTED-TRANSPORT
  writer.WriteU16(4);
  writer.WriteU32(17U << 24);  // UDP
  ASSERT_TRUE(client.Send(AsText(request)));

  const std::string head = client.Receive(20);
  ASSERT_EQ(head.size(), 20U) << tunnel.last_error();
  ByteReader reader(AsBytes(head));
  std::uint16_t type = 0;
  std::uint16_t size = 0;
  ASSERT_TRUE(reader.ReadU16(type) && reader.ReadU16(size));
  EXPECT_EQ(type, 0x0113) << "Allocate error response";
  EXPECT_EQ(head.substr(8), "transaction!");
  const std::string attributes = client.Receive(size);
  // ERROR-CODE, whose text begins after class 4 and number 1.
  EXPECT_NE(attributes.find(std::string("\0\0\4\1", 4) + "Unauthorized"), std::string::npos);
}

}  // namespace
}  // namespace pairwire::net
