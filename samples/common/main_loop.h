// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MainLoop: what a program's main thread does while the Network's thread works: waits for the end,
// for SIGINT and SIGTERM, and for lines on stdin when somebody wants them.
#ifndef PAIRWIRE_SAMPLES_COMMON_MAIN_LOOP_H_
#define PAIRWIRE_SAMPLES_COMMON_MAIN_LOOP_H_

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pairwire::samples {

// The exit codes of every program of Pairwire.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Bytes to lines, incrementally. A line longer than kMaxLine is given in pieces, each of which fits
// into one message.
class LineSplitter {
 public:
  static constexpr std::size_t kMaxLine = 255 * 1024;

  // Lines that `bytes` completed, without their line breaks.
  std::vector<std::string> Feed(std::string_view bytes);
  // What stands after the last line break, once.
  std::optional<std::string> Rest();

 private:
  std::string line_;
};

class MainLoop {
 public:
  // On the main thread, before any other thread is started: it blocks the signals and ignores
  // SIGPIPE.
  MainLoop();
  ~MainLoop();

  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  // Ends Wait with this exit code; the first one counts. Any thread.
  void Finish(int exit_code);

  // From now on lines of stdin are read, a batch at a time: after each call of `on_lines` nothing
  // is read until WantLines. An empty batch is the end of stdin. Called on the main thread. Before
  // Wait.
  void ReadLines(std::function<void(std::vector<std::string>)> on_lines);
  // The next batch, please. Any thread.
  void WantLines();

  // Empty: SIGINT or SIGTERM came.
  std::optional<int> Wait();

 private:
  void Wake();
  void OnInput();

  int signal_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<int> exit_code_{-1};
  std::atomic<bool> lines_wanted_{false};
  std::function<void(std::vector<std::string>)> on_lines_;
  bool input_ended_ = false;
  LineSplitter splitter_;
};

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_MAIN_LOOP_H_
