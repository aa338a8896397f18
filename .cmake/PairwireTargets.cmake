# The three kinds of target: a box (static library), a program, a test.

# Builds that nobody links against (sanitizers) read the standard library once for all boxes: a third of their time.
# Programs are position-independent in another way and read it themselves. The release build reads it file by file, and so
# finds what a file forgot to include.
function(pairwire_shared_headers name)
  if(PAIRWIRE_SANITIZE)
    target_compile_options(${name} PRIVATE -pthread)  # a precompiled header wants the same flags everywhere
    target_precompile_headers(${name} REUSE_FROM pairwire_box_headers)
  endif()
endfunction()

# pairwire_box(NAME SOURCES a.cc b.cc LINK other_box third::party [PRIVATE_LINK ...])
function(pairwire_box name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC pairwire_options ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
  pairwire_shared_headers(${name})
endfunction()

# pairwire_program(NAME SOURCES main.cc LINK box)
function(pairwire_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE pairwire_options ${ARG_LINK})
endfunction()

# pairwire_fast_allocator(NAME): the program uses PAIRWIRE_ALLOCATOR.
function(pairwire_fast_allocator name)
  if(PAIRWIRE_ALLOCATOR STREQUAL "tcmalloc" AND PAIRWIRE_TCMALLOC AND NOT PAIRWIRE_SANITIZE)
    # Nothing names a symbol of it, so the linker has to be told to keep it.
    target_link_libraries(${name} PRIVATE -Wl,--push-state,--no-as-needed "${PAIRWIRE_TCMALLOC}" -Wl,--pop-state)
  endif()
endfunction()

# Flags of test code: it is compiled once and run for seconds, so optimising it costs more than it gains.
function(pairwire_test_options name)
  # -pthread: some tests get it from GLib; the precompiled header wants the same flags everywhere.
  target_compile_options(${name} PRIVATE -O0 -pthread)
  if(PAIRWIRE_SANITIZE MATCHES "undefined")
    # The code under test keeps it; in the tests themselves it doubles the time to compile.
    target_compile_options(${name} PRIVATE -fno-sanitize=undefined)
  else()
    target_compile_options(${name} PRIVATE -U_FORTIFY_SOURCE)
  endif()
endfunction()

# pairwire_test(NAME SOURCES x_test.cc LINK box [TIMEOUT seconds] [LABELS l] [ENVIRONMENT k=v] [ONE_THREAD] [ALONE]): one
# GoogleTest program; every case is a ctest of its own with a deadline. ONE_THREAD: neither the test nor what it
# tests starts a thread, so that ThreadSanitizer has nothing to see and its build leaves the test out. ALONE: ctest runs
# nothing else meanwhile.
function(pairwire_test name)
  cmake_parse_arguments(ARG "ONE_THREAD;ALONE" "TIMEOUT" "SOURCES;LINK;LABELS;ENVIRONMENT" ${ARGN})
  if(ARG_ONE_THREAD AND PAIRWIRE_SANITIZE STREQUAL "thread")
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE pairwire_options ${ARG_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  pairwire_test_options(${name})
  target_precompile_headers(${name} REUSE_FROM pairwire_test_headers)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" ENVIRONMENT "${ARG_ENVIRONMENT}" RUN_SERIAL ${ARG_ALONE})
endfunction()

# pairwire_fuzzer(NAME SOURCE x_fuzzer.cc CORPUS dir LINK box): the same LLVMFuzzerTestOneInput as a libFuzzer
# program (presets asan and fuzz) and, everywhere, as an ordinary test that replays the corpus.
function(pairwire_fuzzer name)
  cmake_parse_arguments(ARG "" "SOURCE;CORPUS" "LINK" ${ARGN})
  if(PAIRWIRE_SANITIZE STREQUAL "thread")
    return()  # one thread each
  endif()
  add_executable(${name}_replay ${ARG_SOURCE} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc")
  target_link_libraries(${name}_replay PRIVATE pairwire_options ${ARG_LINK})
  add_test(NAME ${name}_replay COMMAND ${name}_replay "${ARG_CORPUS}")
  set_tests_properties(${name}_replay PROPERTIES TIMEOUT 120 LABELS fuzz)
  if(PAIRWIRE_FUZZ)
    # `fuzzers`: all of them and what they link, nothing else.
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_executable(${name} ${ARG_SOURCE})
    add_dependencies(fuzzers ${name})
    target_link_libraries(${name} PRIVATE pairwire_options ${ARG_LINK})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
