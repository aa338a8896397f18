// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/proof_solver.h"

#include <openssl/evp.h>

#include <array>
#include <bit>
#include <string_view>
#include <utility>

namespace pairwire {
namespace {

using Digest = std::array<unsigned char, 32>;

int LeadingZeroBits(const Digest& digest) {
  int bits = 0;
  for (const unsigned char byte : digest) {
    bits += std::countl_zero(byte);
    if (byte != 0) break;
  }
  return bits;
}

}  // namespace

// One context for all tries: making it anew costs more than the hash.
struct ProofSolver::Hash {
  Hash() : context(EVP_MD_CTX_new()) {}
  ~Hash() { EVP_MD_CTX_free(context); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;

  bool Of(std::string_view text, Digest& digest) {
    unsigned int size = 0;
    return context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1 &&
           EVP_DigestUpdate(context, text.data(), text.size()) == 1 &&
           EVP_DigestFinal_ex(context, digest.data(), &size) == 1;
  }

  EVP_MD_CTX* const context;
};

ProofSolver::ProofSolver(protocol::ProofChallenge challenge)
    : challenge_(std::move(challenge)), hash_(std::make_unique<Hash>()) {}
ProofSolver::~ProofSolver() = default;

bool ProofSolver::solvable() const {
  return !challenge_.challenge.empty() && challenge_.bits >= 1 && challenge_.bits <= kMaxBits;
}

std::optional<std::string> ProofSolver::Try(std::uint64_t tries) {
  if (!solvable()) return std::nullopt;
  std::string text = challenge_.challenge + ".";
  const std::size_t before = text.size();
  Digest digest{};
  for (std::uint64_t i = 0; i < tries; ++i) {
    text.resize(before);
    text += std::to_string(next_++);
    if (hash_->Of(text, digest) && LeadingZeroBits(digest) >= challenge_.bits) {
      return text.substr(before);
    }
  }
  return std::nullopt;
}

}  // namespace pairwire
