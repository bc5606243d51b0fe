/* SPDX-License-Identifier: BSD-2-Clause
 *
 * release.h - the release of JUNOS whose language, commands and NETCONF are spoken here.
 *
 * Clients read it in `show version`, scripts in the statement `version` of a configuration and in the name spaces of XML.
 * PyEZ takes the version apart: number, a letter, number, and what stands behind the next dot is the build. How old
 * Sallyport itself is, is another thing: VERSION, which the build gives to mgd.
 */
#ifndef RELEASE_H
#define RELEASE_H

#define RELEASE "21.4R1"
#define RELEASE_JUNOS RELEASE ".1"

/* A name space of XML begins with it; "junos", or "junos-" and the name of a family of answers, follows. */
#define RELEASE_XML "http://xml.juniper.net/junos/" RELEASE "/"

#endif
