// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/static_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "signaling/server/problem_response.h"

namespace pairwire::server {
namespace {

using protocol::ProblemCode;

// The canonical path, all links followed; empty when there is nothing.
std::string Canonical(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return {};
  std::string out = resolved;
  std::free(resolved);  // NOLINT: realpath's memory
  return out;
}

// No empty, dotted or hidden part, no backslash; starts with '/'.
bool IsPlainPath(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\\') != std::string_view::npos)
    return false;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (path[i] == '/' && (path[i + 1] == '.' || path[i + 1] == '/')) return false;
  }
  return std::all_of(path.begin(), path.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' '; });
}

bool IsInside(const std::string& file, const std::string& root) {
  return file.size() > root.size() + 1 && file.compare(0, root.size(), root) == 0 &&
         file[root.size()] == '/';
}

// A Host that may stand in a header of ours.
bool IsPlainHost(std::string_view host) {
  return !host.empty() && host.size() <= 255 &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
         });
}

// 'self' in connect-src covers ws: and wss: of the same host only in newer browsers, so they are
// named.
std::string ContentSecurityPolicy(std::string_view host) {
  std::string connect = "'self'";
  if (IsPlainHost(host)) connect.append(" ws://").append(host).append(" wss://").append(host);
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
         "font-src 'self'; "
         "manifest-src 'self'; connect-src " +
         connect +
         "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
         "'script'";
}

HttpHeaders PageHeaders(const HttpRequest& request) {
  return {
      {"Content-Security-Policy", ContentSecurityPolicy(request.Header("Host"))},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
      // The browser asks each time and gets a 304; so a new version of the page is never half old.
      {"Cache-Control", "no-cache"}};
}

}  // namespace

std::string_view ContentTypeOf(std::string_view file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (file.size() >= ending.size() && file.substr(file.size() - ending.size()) == ending)
      return type;
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(const std::string& folder, std::size_t max_bytes)
    : root_(folder.empty() ? std::string() : Canonical(folder)), max_bytes_(max_bytes) {
  struct stat info {};
  if (!root_.empty() && (::stat(root_.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)))
    root_.clear();
}

HttpResponse StaticFiles::Get(const HttpRequest& request) {
  if (!enabled() || !IsPlainPath(request.path)) return ProblemResponse(ProblemCode::kNotFound);
  std::string wanted = root_ + request.path;
  if (wanted.back() == '/') wanted += "index.html";
  const std::string file = Canonical(wanted);
  if (file.empty() || !IsInside(file, root_)) return ProblemResponse(ProblemCode::kNotFound);
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
      static_cast<std::size_t>(info.st_size) > max_bytes_) {
    return ProblemResponse(ProblemCode::kNotFound);
  }
  const std::string tag = "\"" + std::to_string(info.st_size) + "-" +
                          std::to_string(info.st_mtim.tv_sec) + "-" +
                          std::to_string(info.st_mtim.tv_nsec) + "\"";
  HttpResponse response;
  response.headers = PageHeaders(request);
  response.headers.emplace_back("ETag", tag);
  if (HasToken(request.Header("If-None-Match"), tag)) {
    response.status = 304;
    return response;
  }
  response.shared_body = Load(file, tag);
  if (!response.shared_body) return ProblemResponse(ProblemCode::kNotFound);
  response.headers.emplace_back("Content-Type", std::string(ContentTypeOf(file)));
  return response;
}

std::shared_ptr<const std::string> StaticFiles::Load(const std::string& file,
                                                     const std::string& tag) {
  std::erase_if(cache_, [](const auto& entry) { return entry.second.content.expired(); });
  if (const auto found = cache_.find(file); found != cache_.end() && found->second.tag == tag) {
    return found->second.content.lock();
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return nullptr;
  auto content = std::make_shared<std::string>();
  std::array<char, 16 * 1024> buffer;
  // Not past the bound, even when the file grew since it was looked at.
  while (content->size() <= max_bytes_ && in.read(buffer.data(), buffer.size()).gcount() > 0) {
    content->append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (content->size() > max_bytes_) return nullptr;
  cache_[file] = {tag, content};
  return content;
}

}  // namespace pairwire::server
