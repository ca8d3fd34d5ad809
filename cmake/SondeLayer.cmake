# sonde_layer(NAME [FOLDER folder] [EXCLUDE folder...] [DEPENDS layer...] [LINK library...])
#
# One folder under src/ is one layer and one static library, sonde_NAME, of all its sources.
# FOLDER names another folder than NAME; EXCLUDE leaves folders below it to libraries of their own.
# Unit tests stand beside the source as *_test.cpp and become one program, NAME_test.
function(sonde_layer name)
  cmake_parse_arguments(ARG "" "FOLDER" "EXCLUDE;DEPENDS;LINK" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FOLDER}/*.cpp)
  foreach(folder ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(sonde_${name} STATIC ${sources})
  set_property(GLOBAL APPEND PROPERTY SONDE_LAYERS ${name})
  target_link_libraries(sonde_${name} PUBLIC sonde_flags)
  foreach(layer ${ARG_DEPENDS})
    if(TARGET sonde_${layer})
      target_link_libraries(sonde_${name} PUBLIC sonde_${layer})
    endif()
  endforeach()
  target_link_libraries(sonde_${name} PUBLIC ${ARG_LINK})
  if(SONDE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE sonde_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 600)
  endif()
endfunction()

# sonde_system_test(NAME source...): a GoogleTest program over the whole library, with the programs it
# may start built beside it. Each of its tests may take up to 15 minutes on a slow machine.
function(sonde_system_test name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE sonde_test_support GTest::gmock GTest::gtest_main)
  add_dependencies(${name} sonde sonde-worker sonde-git poison_worker)
  # Whoever runs the tests may have a model installed; programs started here are not to find it.
  gtest_discover_tests(${name} TEST_PREFIX "system." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 900 ENVIRONMENT XDG_DATA_HOME=${CMAKE_BINARY_DIR}/no-models)
endfunction()
