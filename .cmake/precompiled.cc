// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The source file of the targets that only compile a header for others (PairwirePrecompiled.cmake).
int main() { return 0; }
