// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The program that precompiled.h is compiled with, so that its flags are those of the test
// programs; it does nothing.
int main() { return 0; }
