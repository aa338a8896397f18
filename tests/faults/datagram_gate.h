// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DatagramGate: a cut in the path of a whole process. While it is closed no UDP datagram gets out
// of it or in: what is sent counts as sent and is gone, what arrives is read and dropped, as on a
// path that loses everything both ways. TCP (the way to the relay) goes on.
//
// A program that links this has the system's calls for sockets replaced by those of
// datagram_gate.cc, also for its shared libraries (libnice, GLib). What the kernel has still of the
// time before it closed arrives no more.
#ifndef PAIRWIRE_TESTS_FAULTS_DATAGRAM_GATE_H_
#define PAIRWIRE_TESTS_FAULTS_DATAGRAM_GATE_H_

#include <chrono>

namespace pairwire::faults {

// Any thread. Closes for so long from now on; a gate that is closed for longer stays so.
void CloseDatagramGate(std::chrono::milliseconds time);
// Opens it at once.
void OpenDatagramGate();
bool DatagramGateIsClosed();

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_DATAGRAM_GATE_H_
