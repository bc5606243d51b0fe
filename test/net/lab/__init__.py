# SPDX-License-Identifier: BSD-2-Clause
#
# lab - the laboratory of the network tests: namespaces, gateways, outside peers, judges.
#
#   netlab     network namespaces and what happens in them
#   gateway    a whole Sallyport in a namespace
#   uml        a user-mode-linux kernel as outside peer
#   scapyesp   scapy's IPsec layer under JUNOS's names
#   tsharkesp  tshark as judge of captured packets
