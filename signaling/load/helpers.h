// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Helpers: further processes of one run, for a crowd that is larger than what one process may have
// open. Each holds its share of the displays and does as it is told over a pipe, step by step, so
// that all of them are at the same one. It ends when the program does, however that comes.
//
// Not here: measuring. Only the program itself looks at the relay; helpers are part of the load.
#ifndef PAIRWIRE_SIGNALING_LOAD_HELPERS_H_
#define PAIRWIRE_SIGNALING_LOAD_HELPERS_H_

#include <pairwire/result.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "signaling/load/options.h"
#include "signaling/load/stage.h"

namespace pairwire::load {

class Helpers {
 public:
  // What a helper is told to do: come and wait, pair all, go, or just say how it is. Each is
  // answered once it is done.
  enum class Step : char { kWait = 'w', kPairAll = 'p', kLeave = 'l', kTell = 't' };

  // What came of it at all helpers together.
  struct Sum {
    std::size_t waiting = 0;
    std::size_t heard = 0;
    std::string failure;  // of the first that could not
  };

  // Forks: call it before anything else is open and before there are threads. `options.displays` is
  // split over all processes, of which this one keeps the largest share.
  static Result<Helpers> Start(Options& options);
  ~Helpers();
  Helpers(Helpers&& other) noexcept;
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;

  std::size_t size() const { return helpers_.size(); }
  std::size_t displays() const { return displays_; }  // theirs
  // Tells all of them.
  void Begin(Step step) const;
  // Waits for their answers, at most until the run's deadline, while the stage runs.
  Sum Wait(Stage& stage) const;

 private:
  struct Helper {
    pid_t pid = -1;
    int commands = -1;  // to it
    int answers = -1;   // from it
  };

  Helpers() = default;

  std::vector<Helper> helpers_;
  std::size_t displays_ = 0;
};

// Takes less when the system's limit does not allow `options.displays` in all processes together;
// how many are missing. Zero when all fit.
std::size_t FitDisplays(Options& options);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_HELPERS_H_
