// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A library needs one source file; precompiled.h is what it is there for.
