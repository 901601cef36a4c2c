# What `make install` puts where: the program, both libraries, the header, pkg-config's file, the
# model that ships, and the documents.
string(REGEX REPLACE "[^/]+" ".." HEFT_PC_UP "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
list(TRANSFORM HEFT_LINK_NAMES PREPEND "-l" OUTPUT_VARIABLE libraries)
list(JOIN libraries " " libraries)
set(HEFT_PC_PRIVATE "${libraries} -pthread -lm")
configure_file(cmake/heft.pc.in heft.pc @ONLY)

install(TARGETS heft heft_static heft_shared
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/heft.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_BINARY_DIR}/heft.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/heft/models)
install(FILES README.md LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
