/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reason.c - the words and sentences of the reasons.
 */
#include "lib/ike/reason.h"

static const struct reason_info reasons[IKE_REASON_MAX] = { [IKE_OK] = { "ok", "accepted", 0 },
#define IKE_REASON_ROW(id, word, sentence, notify) [IKE_##id] = { word, sentence, notify },
	IKE_REASONS(IKE_REASON_ROW)
#undef IKE_REASON_ROW
};

const struct reason_info *
reason_info(enum ike_reason reason)
{
	return &reasons[reason < IKE_REASON_MAX ? reason : IKE_OK];
}
