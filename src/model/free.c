/* Frees the plain structs of model/. Every char * in them is owned. */
#include "model/alert.h"
#include "model/incident.h"
#include "model/job.h"
#include "model/quarantine.h"
#include "model/report.h"
#include "model/source.h"

#define FREE_TEXTS(...)                                                                            \
	free_texts((char *[]){__VA_ARGS__}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *))

static void free_texts(char **texts, gsize n)
{
	for (gsize i = 0; i < n; i++)
		g_free(texts[i]);
}

void incident_free(Incident *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->link_key, x->title, x->sub_disposition, x->close_reason, x->assignee, x->team,
	           x->findings, x->need_reasons);
	g_free(x);
}

void alert_free(Alert *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->recipient, x->message_id, x->close_reason);
	g_free(x);
}

void report_free(Report *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->epoch, x->server_uid, x->sha256, x->form, x->reporter, x->reporter_name,
	           x->trust_reason, x->subject, x->message_id, x->post_process_detail);
	g_free(x);
}

void original_free(Original *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->message_id, x->fingerprint, x->sha256, x->subject, x->sender);
	g_free(x);
}

void source_free(Source *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->name, x->type, x->description, x->mailbox, x->folder, x->destination_folder,
	           x->cursor, x->last_error, x->last_error_code);
	g_strfreev(x->accepted_domains);
	g_strfreev(x->trusted_hosts);
	g_strfreev(x->accepted_relays);
	g_free(x);
}

void mail_server_row_free(MailServerRow *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->name, x->kind, x->config, x->secret_names, x->state);
	g_clear_pointer(&x->secret, g_bytes_unref);
	g_free(x);
}

void job_free(Job *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->kind, x->unique_key, x->lane, x->payload, x->lease_owner, x->last_error,
	           x->last_error_code, x->result);
	g_free(x);
}

void response_free(Response *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->requested_by, x->comment, x->counts);
	g_free(x);
}

void quarantine_result_free(QuarantineResult *x)
{
	if (!x)
		return;
	FREE_TEXTS(x->mailbox, x->reason, x->folder, x->epoch, x->server_uid, x->flags, x->sha256,
	           x->quarantine_mailbox, x->quarantine_folder, x->quarantine_epoch,
	           x->quarantine_uid, x->mark, x->restore_reason, x->restored_epoch,
	           x->restored_uid);
	g_free(x);
}
