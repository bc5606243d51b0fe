/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_pki.c - `show security pki ca-certificate`, `local-certificate`, `certificate-request`.
 */
#include <string.h>

#include "cli/render.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* "Organization: example, Country: us", in JUNOS's order. */
static void
dn_show(struct text *out, const struct elem *row, const char *which, const char *title)
{
	static const struct {
		const char *leaf;
		const char *label;
	} parts[] = {
		{ "organization-name", "Organization" },
		{ "organizational-unit-name", "Organizational unit" },
		{ "country-name", "Country" },
		{ "state-or-province-name", "State" },
		{ "locality-name", "Locality" },
		{ "common-name", "Common name" },
		{ "email-address", "Email address" },
		{ "domain-component", "Domain component" },
		{ "dn-serial-number", "Serial number" },
	};
	const struct elem *dn = elem_find(elem_find(row, which), "distinguished-name");
	const char *comma = "";
	if (dn == NULL)
		return;
	text_printf(out, "  %s:\n    ", title);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		elem_each (e, dn, parts[i].leaf) {
			text_printf(out, "%s%s: %s", comma, parts[i].label, e->value);
			comma = ", ";
		}
	text_putc(out, '\n');
}

static void
list_show(struct text *out, const struct elem *row, const char *list, const char *leaf,
    const char *separator)
{
	const char *between = "";
	elem_each (e, elem_find(row, list), leaf) {
		text_printf(out, "%s%s", between, e->value != NULL ? e->value : "");
		between = separator;
	}
}

static void
key_show(struct text *out, const struct elem *row)
{
	const struct elem *key = elem_find(row, "public-key");
	const char *status = elem_value(key, "public-key-verification-status");
	text_printf(out, "  Public key algorithm: %s(%s bits)\n",
	    value(key, "public-key-algorithm"), value(key, "public-key-length"));
	if (status != NULL)
		text_printf(out, "  Public key verification status: %s\n", status);
}

static void
validity_show(struct text *out, const struct elem *row)
{
	const struct elem *v = elem_find(row, "validity");
	if (v != NULL)
		text_printf(out, "  Validity:\n    Not before: %s\n    Not after: %s\n",
		    value(v, "not-before"), value(v, "not-after"));
}

static void
detail_tail(struct text *out, const struct elem *row)
{
	if (elem_has(row, "signature-algorithm"))
		text_printf(out, "  Signature algorithm: %s\n", value(row, "signature-algorithm"));
	if (elem_find(elem_find(row, "distribution-crl-list"), "distribution-crl") != NULL) {
		text_put(out, "  Distribution CRL:\n    ");
		list_show(out, row, "distribution-crl-list", "distribution-crl", "\n    ");
		text_putc(out, '\n');
	}
	if (elem_has(row, "key-usage-list")) {
		text_put(out, "  Use for key: ");
		list_show(out, row, "key-usage-list", "key-usage", ", ");
		text_putc(out, '\n');
	}
	if (elem_has(row, "fingerprint"))
		text_put(out, "  Fingerprint:\n");
	elem_each (f, row, "fingerprint")
		text_printf(out, "    %s (%s)\n", value(f, "fingerprint-content"),
		    value(f, "fingerprint-hash-algorithm"));
	const struct elem *again = elem_find(row, "auto-re-enrollment");
	if (again != NULL)
		text_printf(out,
		    "  Auto-re-enrollment:\n    Status: %s\n    Next trigger time: %s\n",
		    value(again, "auto-re-enrollment-status"),
		    value(again, "auto-re-enrollment-next-trigger-time"));
}

static void
detail_show(struct text *out, const struct elem *row)
{
	const struct elem *serial = elem_find(row, "serial-number-list");
	text_printf(out, "  Certificate version: %s\n", value(row, "version"));
	if (serial != NULL)
		text_printf(out, "  Serial number: %s\n", value(serial, "serial-number-x509"));
	dn_show(out, row, "issuer", "Issuer");
	dn_show(out, row, "subject", "Subject");
	const struct elem *string = elem_find(row, "subject-string-list");
	if (string != NULL)
		text_printf(out, "  Subject string:\n    %s\n", value(string, "subject-string"));
	if (elem_has(row, "alternate-subject-list")) {
		text_put(out, "  Alternate subject: ");
		list_show(out, row, "alternate-subject-list", "alternate-subject", ", ");
		text_putc(out, '\n');
	}
	validity_show(out, row);
	key_show(out, row);
	text_put(out, "    ");
	list_show(out, row, "public-key-contents-list", "key-contents", ":\n    ");
	text_putc(out, '\n');
	detail_tail(out, row);
}

void
show_pki_row(struct render *r, const struct elem *row)
{
	const struct elem *issue = elem_find(row, "issue-info");
	if (r->n_rows > 0)
		text_putc(r->out, '\n');
	text_printf(r->out, "Certificate identifier: %s\n", value(row, "identifier"));
	if (render_is_detail(r)) {
		detail_show(r->out, row);
		return;
	}
	text_printf(r->out, "  Issued to: %s", value(issue, "recipient"));
	if (elem_has(issue, "issued-by"))
		text_printf(r->out, ", Issued by: %s", value(issue, "issued-by"));
	text_putc(r->out, '\n');
	validity_show(r->out, row);
	key_show(r->out, row);
}
