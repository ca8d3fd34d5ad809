# What `make install` and `make package` put where.
include(GNUInstallDirs)
if(NOT TARGET sonde OR NOT TARGET sonde-worker OR NOT TARGET sonde-git)
  return()
endif()

install(TARGETS sonde RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS sonde-worker sonde-git RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/sonde)
install(FILES ${CMAKE_SOURCE_DIR}/docs/sonde.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# The program itself knows its options: it writes its completions at install time.
set(completions ${CMAKE_BINARY_DIR}/completions)
install(CODE "
  file(MAKE_DIRECTORY ${completions})
  foreach(shell bash zsh fish)
    execute_process(COMMAND ${CMAKE_BINARY_DIR}/sonde completion \${shell}
                    OUTPUT_FILE ${completions}/sonde.\${shell} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()")
install(FILES ${completions}/sonde.bash RENAME sonde DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/sonde.zsh RENAME _sonde DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${completions}/sonde.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# A binary must carry the licences of what is compiled into it.
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
file(GLOB licensed LIST_DIRECTORIES true ${SONDE_THIRD_PARTY}/*)
foreach(folder ${licensed})
  cmake_path(GET folder FILENAME name)
  file(GLOB licence ${folder}/LICENSE*)
  if(licence)
    list(GET licence 0 licence)
    install(FILES ${licence} DESTINATION ${CMAKE_INSTALL_DOCDIR}/third_party RENAME ${name}.txt)
  endif()
endforeach()

set(CPACK_PACKAGE_NAME sonde)
set(CPACK_PACKAGE_CONTACT "The Sonde authors <sonde@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "find code and documents by meaning, on your own machine")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libcurl4)  # loaded when a model is pulled or a server embeds
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_SOURCE_DIR}/build)
include(CPack)
