// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StaticFiles: the browser controller's files from the folder of --web, with the headers that keep
// the page from running anything but its own scripts. Never a file outside of
// that folder, by dots, links or otherwise; hidden files are not served.
//
// Not here: Strict-Transport-Security, which is for whoever ends TLS in front of the relay.
#ifndef PAIRWIRE_SIGNALING_SERVER_STATIC_FILES_H_
#define PAIRWIRE_SIGNALING_SERVER_STATIC_FILES_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/server/http_message.h"

namespace pairwire::server {

class StaticFiles {
 public:
  // An empty `folder` serves nothing.
  StaticFiles(const std::string& folder, std::size_t max_bytes);

  // True when the folder was given and is one.
  bool enabled() const { return !root_.empty(); }

  // The answer to a GET or HEAD: the file, 304 when the client has it already, or a problem (404).
  HttpResponse Get(const HttpRequest& request);

 private:
  struct Cached {
    std::string tag;
    std::weak_ptr<const std::string> content;
  };

  std::shared_ptr<const std::string> Load(const std::string& file, const std::string& tag);

  std::string root_;  // canonical
  const std::size_t max_bytes_;
  // Contents that are being sent right now, so that many slow readers share one copy. Entries of
  // files that are not sent any more go at the next load.
  std::map<std::string, Cached> cache_;
};

// "text/html; charset=utf-8" for "index.html".
std::string_view ContentTypeOf(std::string_view file);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_STATIC_FILES_H_
