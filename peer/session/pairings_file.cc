// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/pairings_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "peer/auth/base64url.h"

namespace pairwire {
namespace {

using Json = nlohmann::json;
using SystemTime = std::chrono::system_clock::time_point;

// 64 entries of some 400 bytes, and room for names full of escapes.
constexpr std::size_t kMaxFileBytes = 128 * 1024;
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kMaxNameBytes = 64;
constexpr int kVersion = 1;

tl::unexpected<Error> SystemFailure(const std::string& what) {
  return Fail(Errc::kSystem, what + ": " + std::generic_category().message(errno));
}

// Closes on every way out.
class File {
 public:
  File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

std::int64_t SecondsOf(SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool IsId(std::string_view id) {
  return id.size() == kIdDigits && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<SystemTime> TimeOf(const Json& entry, const char* member) {
  const auto found = entry.find(member);
  // Up to the year 9999.
  constexpr std::int64_t kLast = 253'402'300'799;
  if (found == entry.end() || !found->is_number_integer()) return std::nullopt;
  const auto seconds = found->get<std::int64_t>();
  if (seconds < 0 || seconds > kLast) return std::nullopt;
  return SystemTime(std::chrono::seconds(seconds));
}

std::optional<std::string> TextOf(const Json& entry, const char* member) {
  const auto found = entry.find(member);
  if (found == entry.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<StoredPairing> PairingOf(const Json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto id = TextOf(entry, "id");
  const auto role = TextOf(entry, "role");
  const auto name = TextOf(entry, "name");
  const auto made = TimeOf(entry, "made");
  const auto used = TimeOf(entry, "lastUsed");
  auto key_text = TextOf(entry, "key");
  if (!id || !IsId(*id) || !role || !name || name->size() > kMaxNameBytes || !made || !used ||
      !key_text || (*role != "display" && *role != "controller")) {
    return std::nullopt;
  }
  StoredPairing pairing;
  auto key = auth::FromBase64Url(*key_text, pairing.key.size());
  auth::Wipe({reinterpret_cast<std::uint8_t*>(key_text->data()), key_text->size()});
  if (!key || key->size() != pairing.key.size()) return std::nullopt;
  std::copy(key->begin(), key->end(), pairing.key.writable().begin());
  auth::Wipe(*key);
  pairing.shown = {*id, *name, *role == "display", *made, *used};
  return pairing;
}

std::optional<std::vector<StoredPairing>> Parse(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("version", Json()) != kVersion) return std::nullopt;
  const auto list = json.find("pairings");
  if (list == json.end() || !list->is_array() || list->size() > kMaxPairings) return std::nullopt;
  std::vector<StoredPairing> pairings;
  std::set<std::string> ids;
  for (const Json& entry : *list) {
    auto pairing = PairingOf(entry);
    if (!pairing || !ids.insert(pairing->shown.id).second) return std::nullopt;
    pairings.push_back(std::move(*pairing));
  }
  return pairings;
}

void SortByUse(std::vector<StoredPairing>& pairings) {
  std::stable_sort(pairings.begin(), pairings.end(), [](const auto& a, const auto& b) {
    return a.shown.last_used > b.shown.last_used;
  });
}

auto Find(std::vector<StoredPairing>& pairings, const std::string& id) {
  return std::find_if(pairings.begin(), pairings.end(),
                      [&](const StoredPairing& pairing) { return pairing.shown.id == id; });
}

tl::unexpected<Error> NoSuchPairing() {
  return Fail(Errc::kInvalidArgument, "there is no such pairing");
}

}  // namespace

PairingsFile::Stamp PairingsFile::stamp() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) return {};
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {status.st_ino, status.st_ctim.tv_sec * kNanoseconds + status.st_ctim.tv_nsec,
          status.st_size};
}

Result<std::vector<StoredPairing>> PairingsFile::Read() const {
  const File file(path_, O_RDONLY);
  if (file.fd() < 0) {
    if (errno == ENOENT) return std::vector<StoredPairing>();
    return SystemFailure("cannot open " + path_);
  }
  struct stat status {};
  if (fstat(file.fd(), &status) != 0) return SystemFailure("cannot read " + path_);
  if (!S_ISREG(status.st_mode)) return Fail(Errc::kSystem, path_ + " is no file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(Errc::kSystem, path_ + " is open to others than its owner: chmod 600 it");
  }
  std::string text;
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t got = read(file.fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemFailure("cannot read " + path_);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxFileBytes) break;
  }
  auto pairings = text.size() > kMaxFileBytes ? std::nullopt : Parse(text);
  auth::Wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!pairings) return Fail(Errc::kParseError, path_ + " is no file of pairings");
  SortByUse(*pairings);
  return std::move(*pairings);
}

Result<void> PairingsFile::Write(const std::vector<StoredPairing>& pairings) const {
  Json list = Json::array();
  for (const StoredPairing& pairing : pairings) {
    list.push_back({{"id", pairing.shown.id},
                    {"role", pairing.shown.display ? "display" : "controller"},
                    {"name", pairing.shown.name},
                    {"made", SecondsOf(pairing.shown.made)},
                    {"lastUsed", SecondsOf(pairing.shown.last_used)},
                    {"key", auth::ToBase64Url(pairing.key.bytes())}});
  }
  const Json whole = {{"version", kVersion}, {"pairings", std::move(list)}};
  std::string text = whole.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";

  // The lock is held, so nobody else writes there; what a crash left is overwritten.
  const std::string beside = path_ + ".new";
  unlink(beside.c_str());
  const File file(beside, O_WRONLY | O_CREAT | O_EXCL);
  if (file.fd() < 0) return SystemFailure("cannot write " + beside);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t put = write(file.fd(), rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemFailure("cannot write " + beside);
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  auth::Wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (fsync(file.fd()) != 0) return SystemFailure("cannot write " + beside);
  if (rename(beside.c_str(), path_.c_str()) != 0) return SystemFailure("cannot write " + path_);
  const std::size_t slash = path_.rfind('/');
  const File folder(slash == std::string::npos ? "." : path_.substr(0, slash + 1),
                    O_RDONLY | O_DIRECTORY);
  if (folder.fd() >= 0) fsync(folder.fd());  // so that the name outlives a power cut
  return {};
}

template <typename Change>
Result<void> PairingsFile::Update(Change change) {
  const File lock(path_ + ".lock", O_RDWR | O_CREAT);
  if (lock.fd() < 0) return SystemFailure("cannot open " + path_ + ".lock");
  while (flock(lock.fd(), LOCK_EX) != 0) {
    if (errno != EINTR) return SystemFailure("cannot lock " + path_);
  }
  auto pairings = Read();
  if (!pairings) return tl::unexpected(std::move(pairings.error()));
  Result<void> changed = change(*pairings);
  if (!changed) return changed;
  return Write(*pairings);
}

Result<void> PairingsFile::Put(StoredPairing pairing) {
  if (!IsId(pairing.shown.id) || pairing.shown.name.size() > kMaxNameBytes) {
    return Fail(Errc::kInvalidArgument, "an id has 32 hexadecimal digits, a name 64 bytes at most");
  }
  // What is no UTF-8 is left out, so that the name does not grow when it is written.
  const std::string written =
      Json(pairing.shown.name).dump(-1, ' ', false, Json::error_handler_t::ignore);
  pairing.shown.name = Json::parse(written).get<std::string>();
  return Update([&](std::vector<StoredPairing>& pairings) -> Result<void> {
    const auto found = Find(pairings, pairing.shown.id);
    if (found != pairings.end()) {
      *found = std::move(pairing);
    } else {
      // The last one is that whose last use is longest ago.
      if (pairings.size() == kMaxPairings) pairings.pop_back();
      pairings.push_back(std::move(pairing));
    }
    return {};
  });
}

Result<void> PairingsFile::Remove(const std::string& id) {
  return Update([&](std::vector<StoredPairing>& pairings) -> Result<void> {
    const auto found = Find(pairings, id);
    if (found == pairings.end()) return NoSuchPairing();
    pairings.erase(found);
    return {};
  });
}

Result<void> PairingsFile::Touch(const std::string& id, SystemTime used) {
  return Update([&](std::vector<StoredPairing>& pairings) -> Result<void> {
    const auto found = Find(pairings, id);
    if (found == pairings.end()) return NoSuchPairing();
    found->shown.last_used = used;
    return {};
  });
}

Result<std::vector<RememberedPairing>> ListPairings(const std::string& file) {
  auto stored = PairingsFile(file).Read();
  if (!stored) return tl::unexpected(std::move(stored.error()));
  std::vector<RememberedPairing> shown;
  for (StoredPairing& pairing : *stored) shown.push_back(std::move(pairing.shown));
  return shown;
}

Result<void> RevokePairing(const std::string& file, const std::string& id) {
  return PairingsFile(file).Remove(id);
}

}  // namespace pairwire
