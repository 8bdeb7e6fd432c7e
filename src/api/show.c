/* Rows as JSON documents: names for enums, RFC 3339 for times, null for what is not there. What is
 * for analysts is shown, what is for the machine (fences, leases, places in a cursor) is not. */
#include "api/show.h"

#include "base/clock.h"

#include <string.h>

static void put_text(json_t *to, const char *name, const char *text)
{
	json_object_set_new_nocheck(to, name, json_text_new(text));
}

static void put_texts(json_t *to, const char *name, char *const *texts)
{
	json_t *array = json_array();
	for (; texts && *texts; texts++)
		json_array_append_new(array, json_string(*texts));
	json_object_set_new(to, name, array);
}

static void put_int(json_t *to, const char *name, gint64 number)
{
	json_object_set_new_nocheck(to, name, json_integer(number));
}

static void put_id(json_t *to, const char *name, gint64 id)
{
	json_object_set_new_nocheck(to, name, show_id(id));
}

static void put_bool(json_t *to, const char *name, gboolean value)
{
	json_object_set_new_nocheck(to, name, json_boolean(value));
}

static void put_time(json_t *to, const char *name, gint64 wall)
{
	json_object_set_new_nocheck(to, name, json_time_new(wall));
}

static void put_json(json_t *to, const char *name, const char *text)
{
	json_object_set_new_nocheck(to, name, show_json(text));
}

json_t *show_json(const char *text)
{
	json_t *value = text ? json_parse(text, -1, NULL) : NULL;
	return value ? value : json_null();
}

json_t *show_id(gint64 id)
{
	return id ? json_integer(id) : json_null();
}

json_t *incident_show(const Incident *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_text(to, "state", open_state_names[x->state]);
	put_text(to, "kind", incident_kind_names[x->kind]);
	put_text(to, "title", x->title);
	put_text(to, "severity", severity_names[x->severity]);
	put_text(to, "disposition", disposition_names[x->disposition]);
	put_text(to, "sub_disposition", x->sub_disposition);
	put_text(to, "assignee", x->assignee);
	put_text(to, "team", x->team);
	put_text(to, "close_reason", x->close_reason);
	put_text(to, "link_key", x->link_key);
	put_id(to, "original_id", x->original_id);
	put_time(to, "opened_at", x->opened_at);
	put_time(to, "closed_at", x->closed_at);
	put_time(to, "updated_at", x->updated_at);
	put_int(to, "report_count", x->report_count);
	put_int(to, "alert_count", x->alert_count);
	put_int(to, "open_alert_count", x->open_alert_count);
	gboolean none = !x->findings || strcmp(x->findings, "[]") == 0;
	json_object_set_new(to, "findings", none ? json_array() : show_json(x->findings));
	put_int(to, "need", x->need);
	put_json(to, "need_reasons", x->need_reasons ? x->need_reasons : "[]");
	put_time(to, "waiting_since", x->state == STATE_OPEN ? x->waiting_since : 0);
	return to;
}

json_t *alert_show(const Alert *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_int(to, "incident_id", x->incident_id);
	put_int(to, "source_id", x->source_id);
	put_int(to, "report_id", x->report_id);
	put_id(to, "original_id", x->original_id);
	put_text(to, "recipient", x->recipient);
	put_text(to, "role", alert_role_names[x->role]);
	put_text(to, "message_id", x->message_id);
	put_text(to, "state", open_state_names[x->state]);
	put_text(to, "severity", severity_names[x->severity]);
	put_text(to, "disposition", disposition_names[x->disposition]);
	put_text(to, "close_reason", x->close_reason);
	put_bool(to, "trusted", x->trusted);
	put_time(to, "opened_at", x->opened_at);
	put_time(to, "closed_at", x->closed_at);
	return to;
}

json_t *report_show(const Report *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_int(to, "source_id", x->source_id);
	put_text(to, "state", report_state_names[x->state]);
	put_text(to, "form", x->form);
	put_text(to, "reporter", x->reporter);
	put_text(to, "reporter_name", x->reporter_name);
	put_bool(to, "trusted", x->trusted);
	put_text(to, "trust_reason", x->trust_reason);
	put_text(to, "subject", x->subject);
	put_text(to, "message_id", x->message_id);
	put_text(to, "located", located_names[x->located]);
	put_text(to, "post_process", post_process_state_names[x->post_process]);
	put_text(to, "post_process_detail", x->post_process_detail);
	put_text(to, "sha256", x->sha256);
	put_time(to, "received_at", x->received_at);
	put_time(to, "found_at", x->found_at);
	return to;
}

json_t *original_show(const Original *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_text(to, "message_id", x->message_id);
	put_bool(to, "first_hand", x->first_hand);
	put_text(to, "fingerprint", x->fingerprint);
	put_text(to, "sha256", x->sha256);
	put_text(to, "subject", x->subject);
	put_text(to, "sender", x->sender);
	put_time(to, "sent_at", x->sent_at);
	put_time(to, "created_at", x->created_at);
	put_time(to, "content_removed_at", x->content_removed_at);
	return to;
}

json_t *response_show(const Response *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_int(to, "incident_id", x->incident_id);
	put_text(to, "kind", response_kind_names[x->kind]);
	put_id(to, "of_response", x->of_response_id);
	put_text(to, "state", response_state_names[x->state]);
	put_text(to, "requested_by", x->requested_by);
	put_text(to, "comment", x->comment);
	put_time(to, "requested_at", x->requested_at);
	put_time(to, "finished_at", x->finished_at);
	put_json(to, "counts", x->counts ? x->counts : "{}");
	return to;
}

json_t *quarantine_result_show(const QuarantineResult *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_int(to, "response_id", x->response_id);
	put_int(to, "incident_id", x->incident_id);
	put_id(to, "original_id", x->original_id);
	put_id(to, "alert_id", x->alert_id);
	put_id(to, "mail_server_id", x->mail_server_id);
	put_text(to, "mailbox", x->mailbox);
	put_text(to, "found_how", found_how_names[x->found_how]);
	put_text(to, "status", copy_status_names[x->status]);
	put_text(to, "reason", x->reason);
	put_text(to, "step", copy_step_names[x->step]);
	json_object_set_new(to, "was_read",
	                    x->was_read < 0 ? json_null() : json_boolean(x->was_read));
	put_text(to, "folder", x->folder);
	put_json(to, "flags", x->flags);
	put_time(to, "received_at", x->received_at);
	json_object_set_new(to, "size", x->size > 0 ? json_integer(x->size) : json_null());
	put_text(to, "sha256", x->sha256);
	put_text(to, "quarantine_mailbox", x->quarantine_mailbox);
	put_text(to, "quarantine_folder", x->quarantine_folder);
	put_id(to, "restore_response_id", x->restore_response_id);
	put_text(to, "restore_status",
	         x->restore_status < 0 ? NULL : copy_status_names[x->restore_status]);
	put_text(to, "restore_reason", x->restore_reason);
	put_time(to, "updated_at", x->updated_at);
	put_time(to, "bytes_removed_at", x->bytes_removed_at);
	return to;
}

json_t *job_show(const Job *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_text(to, "kind", x->kind);
	put_text(to, "state", job_state_names[x->state]);
	put_text(to, "lane", x->lane);
	put_int(to, "priority", x->priority);
	put_json(to, "payload", x->payload);
	put_int(to, "attempts", x->attempts);
	put_time(to, "run_at", x->run_at);
	put_text(to, "worker", x->state == JOB_RUNNING ? x->lease_owner : NULL);
	put_text(to, "last_error", x->last_error);
	put_text(to, "last_error_code", x->last_error_code);
	put_json(to, "result", x->result);
	put_time(to, "created_at", x->created_at);
	put_time(to, "updated_at", x->updated_at);
	return to;
}

json_t *backup_show(const BackupRow *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_text(to, "file", x->file);
	put_text(to, "state", backup_state_names[x->state]);
	put_text(to, "error", x->error);
	put_int(to, "size", x->size);
	put_int(to, "files", x->files);
	put_int(to, "bytes", x->bytes);
	put_int(to, "audit_seq", x->audit_seq);
	put_text(to, "sha256", x->sha256);
	put_time(to, "started_at", x->started_at);
	put_time(to, "finished_at", x->finished_at);
	return to;
}

json_t *retention_run_show(const RetentionRun *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_text(to, "state", retention_state_names[x->state]);
	put_text(to, "error", x->error);
	json_t *removed = json_object();
	for (guint i = 0; i < REMOVED_KINDS; i++)
		put_int(removed, removed_names[i], x->removed[i]);
	json_object_set_new(to, "removed", removed);
	put_json(to, "plan", x->plan);
	put_time(to, "started_at", x->started_at);
	put_time(to, "finished_at", x->finished_at);
	return to;
}

json_t *incident_hold_show(const IncidentHold *x)
{
	json_t *to = json_object();
	put_int(to, "incident_id", x->incident_id);
	put_text(to, "title", x->title);
	put_text(to, "reason", x->reason);
	put_text(to, "held_by", x->held_by);
	put_time(to, "held_at", x->held_at);
	return to;
}

json_t *api_key_show(const ApiKey *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_text(to, "name", x->name);
	put_text(to, "prefix", x->prefix);
	put_texts(to, "scopes", x->scopes);
	put_text(to, "owner", x->owner);
	put_text(to, "sight", x->owner_id ? NULL : sight_names[x->sees_everything ? 0 : 1]);
	put_text(to, "created_by", x->created_by);
	put_time(to, "created_at", x->created_at);
	put_time(to, "expires_at", x->expires_at);
	put_time(to, "last_used_at", x->last_used_at);
	put_time(to, "revoked_at", x->revoked_at);
	return to;
}

json_t *user_show(const User *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_text(to, "name", x->name);
	put_text(to, "display_name", x->display_name);
	put_text(to, "email", x->email);
	put_text(to, "role", x->role);
	put_text(to, "sight", sight_names[x->sees_everything ? 0 : 1]);
	put_bool(to, "enabled", x->enabled);
	put_bool(to, "password_set", x->password != NULL);
	put_bool(to, "totp", x->totp_secret != NULL);
	put_time(to, "locked_until", x->locked_until > clock_now() ? x->locked_until : 0);
	put_time(to, "created_at", x->created_at);
	put_time(to, "last_login_at", x->last_login_at);
	return to;
}

json_t *user_role_show(const UserRole *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_text(to, "name", x->name);
	put_text(to, "description", x->description);
	put_texts(to, "permissions", x->permissions);
	put_bool(to, "built_in", x->built_in);
	return to;
}

json_t *user_session_show(const UserSession *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "user_id", x->user_id);
	put_text(to, "user", x->user);
	put_time(to, "created_at", x->created_at);
	put_time(to, "seen_at", x->seen_at);
	put_time(to, "expires_at", x->expires_at);
	put_text(to, "address", x->address);
	put_text(to, "agent", x->agent);
	return to;
}

json_t *reporter_show(const Reporter *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_text(to, "address", x->address);
	put_text(to, "name", x->name);
	put_int(to, "reports", x->reports);
	put_int(to, "trusted", x->trusted);
	put_int(to, "right", x->right);
	put_int(to, "nuisance", x->nuisance);
	put_int(to, "wrong", x->wrong);
	put_int(to, "open", x->open);
	put_time(to, "first_at", x->first_at);
	put_time(to, "last_at", x->last_at);
	return to;
}

static json_t *part_show(const TeamPart *x, gboolean person)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_text(to, "name", x->name);
	if (person)
		put_text(to, "display_name", x->display_name);
	else
		put_bool(to, "deleted", x->gone);
	return to;
}

/* The numbers, and who they are. */
static void put_parts(json_t *to, const char *ids_name, const char *name, const GPtrArray *parts)
{
	json_t *ids = json_array(), *shown = json_array();
	for (guint i = 0; i < parts->len; i++) {
		const TeamPart *part = parts->pdata[i];
		json_array_append_new(ids, json_integer(part->id));
		json_array_append_new(shown, part_show(part, strcmp(name, "members") == 0));
	}
	json_object_set_new(to, ids_name, ids);
	json_object_set_new(to, name, shown);
}

json_t *team_show(const Team *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_text(to, "name", x->name);
	put_text(to, "description", x->description);
	put_parts(to, "member_ids", "members", x->members);
	put_parts(to, "key_ids", "keys", x->keys);
	put_parts(to, "source_ids", "sources", x->sources);
	put_time(to, "created_at", x->created_at);
	return to;
}

/* Who deleted a comment wants its words not to be read. */
json_t *comment_show(const Comment *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_int(to, "incident_id", x->incident_id);
	put_text(to, "author", x->author);
	put_int(to, "author_id", x->author_id);
	put_text(to, "text", x->deleted_at ? NULL : x->text);
	put_time(to, "created_at", x->created_at);
	put_time(to, "edited_at", x->edited_at);
	put_time(to, "deleted_at", x->deleted_at);
	return to;
}

json_t *saved_view_show(const SavedView *x)
{
	json_t *to = json_object();
	put_int(to, "id", x->id);
	put_int(to, "revision", x->revision);
	put_text(to, "name", x->name);
	put_text(to, "filter", x->filter);
	put_texts(to, "columns", x->columns);
	put_bool(to, "shared", x->shared);
	put_text(to, "owner", x->owner);
	put_time(to, "created_at", x->created_at);
	return to;
}

json_t *caller_show(const Caller *x)
{
	return x->key ? api_key_show(x->key) : user_show(x->user);
}

json_t *audit_record_show(const AuditRecord *x)
{
	json_t *to = json_object();
	put_int(to, "seq", x->seq);
	put_time(to, "at", x->at);
	put_int(to, "at_us", x->at); /* as it stands in the hash */
	put_text(to, "actor", x->actor);
	put_text(to, "action", x->action);
	put_text(to, "object_kind", x->object_kind);
	put_int(to, "object_id", x->object_id);
	put_id(to, "incident_id", x->incident_id);
	put_json(to, "detail", x->detail);
	put_text(to, "hash", x->hash);
	return to;
}

json_t *show_changes(const json_t *members, const json_t *before, const json_t *after)
{
	g_autoptr(json_t) changes = json_object();
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)members, name, value) {
		json_t *from = json_object_get(before, name), *to = json_object_get(after, name);
		if (from && to && !json_equal(from, to))
			json_object_set_new(changes, name,
			                    json_pack("{s:O, s:O}", "from", from, "to", to));
	}
	return json_object_size(changes) ? g_steal_pointer(&changes) : NULL;
}

json_t *show_names(const char *const *names)
{
	json_t *array = json_array();
	for (; names && *names; names++)
		json_array_append_new(array, json_string(*names));
	return array;
}

/* "login=user" as {"login": "user"}. */
static json_t *condition_show(const char *condition)
{
	if (!condition)
		return json_null();
	g_auto(GStrv) sides = g_strsplit(condition, "=", 2);
	return json_pack("{s:s}", sides[0], sides[1]);
}

json_t *show_member(const ConfigMember *member, gboolean is_secret)
{
	json_t *to = json_object();
	json_object_set_new(to, "name", json_string(member->name));
	json_object_set_new(to, "title", json_string(member->title));
	json_object_set_new(to, "type", json_string(config_member_type_names[member->type]));
	json_object_set_new(to, "choices", show_names(member->choices));
	json_object_set_new(to, "needed", json_boolean(member->needed));
	json_object_set_new(to, "needed_unless", condition_show(member->needed_unless));
	json_object_set_new(to, "secret", json_boolean(is_secret));
	json_object_set_new(to, "help", json_string(member->help));
	return to;
}

json_t *show_without_nulls(const json_t *object)
{
	json_t *copy = json_object();
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)object, name, value)
		if (!json_is_null(value))
			json_object_set(copy, name, value);
	return copy;
}
