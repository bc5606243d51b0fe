/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reason.h - why a message of a peer is refused: every reason there is, in one table.
 *
 * A row is: identifier, word for counters and commands, sentence for the log, and the notify type of IKEv1 that
 * tells the peer where telling is allowed (RFC 2408 s3.14.1; 0: nothing is told). Pure data; any thread.
 */
#ifndef REASON_H
#define REASON_H

#include <stdint.h>

#define IKE_REASONS(X)                                                                             \
	X(SHORT, "short", "the message ends early", 16)                                            \
	X(HDR_LENGTH, "header-length", "the length in the header is not that of the datagram", 30) \
	X(VERSION, "version", "the major version is not one that is spoken here", 5)               \
	X(EXCHANGE, "exchange", "the exchange type is not supported", 7)                           \
	X(FLAGS, "flags", "flags that do not exist are set", 8)                                    \
	X(COOKIE, "cookie", "the cookies belong to no SA", 4)                                      \
	X(MESSAGE_ID, "message-id", "the message ID is zero, or not zero where it must be", 9)     \
	X(PAYLOAD_TYPE, "payload-type", "a payload has a type that is not known", 1)               \
	X(PAYLOAD_FORM, "payload-form", "a payload is malformed", 16)                              \
	X(PAYLOAD_COUNT, "payload-count", "more payloads than anybody needs", 16)                  \
	X(TRAILING, "trailing", "octets follow the last payload", 30)                              \
	X(PADDING, "padding", "the encrypted part is not a whole number of blocks", 30)            \
	X(DOI, "doi", "the domain of interpretation is not IPsec", 2)                              \
	X(SITUATION, "situation", "the situation is not identity-only", 3)                         \
	X(SPI, "spi", "an SPI has a wrong length or a reserved value", 11)                         \
	X(MISSING, "missing", "a payload that the message must have is not there", 16)             \
	X(UNEXPECTED, "unexpected", "a payload is not allowed in this message", 1)                 \
	X(CLEAR, "clear", "not encrypted where encryption is due", 8)                              \
	X(ENCRYPTED, "encrypted", "encrypted before there are keys", 8)                            \
	X(STATE, "state", "not the message that is due", 0)                                        \
	X(REPEATED, "repeated", "a message that was answered before", 0)                           \
	X(NO_PROPOSAL, "no-proposal", "no proposal chosen", 14)                                    \
	X(KEY, "key", "the public value of the key exchange is bad", 17)                           \
	X(NONCE, "nonce", "the nonce is shorter than 8 or longer than 256 octets", 16)             \
	X(ID, "id", "the identity is not the expected one", 18)                                    \
	X(HASH, "hash", "the hash is wrong", 23)                                                   \
	X(AUTH, "auth", "authentication failed", 24)                                               \
	X(SIGNATURE, "signature", "the signature is wrong", 25)                                    \
	X(MODE, "mode", "the peer begins another mode than the policy has", 14)                    \
	X(CERT, "certificate", "the certificate is not accepted", 20)                              \
	X(CERT_TYPE, "certificate-type", "certificates of this encoding are not supported", 21)    \
	X(NO_SIGNATURE, "no-signature", "our own signature cannot be made", 0)                     \
	X(SELECTORS, "selectors", "no tunnel has these proxy identities", 18)                      \
	X(HALF_OPEN, "half-open", "too many negotiations have just begun", 0)                      \
	X(NO_POLICY, "no-policy", "no tunnel goes to this peer", 14)                               \
	X(TIMEOUT, "timeout", "the peer does not answer", 0)                                       \
	X(PEER, "peer", "the peer refuses", 0)                                                     \
	X(DELETED, "deleted", "the peer deleted the SA", 0)                                        \
	X(EXPIRED, "expired", "the lifetime is over", 0)                                           \
	X(LIMIT, "limit", "a limit is reached", 0)

enum ike_reason {
	IKE_OK,
#define IKE_REASON_ENUM(id, word, sentence, notify) IKE_##id,
	IKE_REASONS(IKE_REASON_ENUM)
#undef IKE_REASON_ENUM
	    IKE_REASON_MAX,
};

struct reason_info {
	const char *word;
	const char *sentence;
	uint16_t v1_notify;
};

const struct reason_info *reason_info(enum ike_reason reason);

#endif
