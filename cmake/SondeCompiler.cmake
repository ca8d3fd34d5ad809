# Compiler flags, sanitizers, ccache and the linker: everything that is the same for every target.

find_program(SONDE_CCACHE ccache)
if(SONDE_CCACHE)
  # Paths are relative to the checkout, so that clones and worktrees share one cache.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SONDE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_library(sonde_flags INTERFACE)
target_compile_options(sonde_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror>
  # GCC 12 warns at -O2 of an overlap in "x" + std::string that cannot be (its bug 105651).
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>
  -fno-omit-frame-pointer -fstack-protector-strong)
target_include_directories(sonde_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(sonde_flags INTERFACE SONDE_VERSION="${PROJECT_VERSION}")

if(SONDE_SANITIZE)
  add_compile_options(-fsanitize=${SONDE_SANITIZE} -g1)
  add_link_options(-fsanitize=${SONDE_SANITIZE})
  if(SONDE_SANITIZE MATCHES "address")
    add_compile_options(-fsanitize=undefined -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=undefined)
  endif()
endif()

# libFuzzer needs to see which branches our code takes.
if(SONDE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
