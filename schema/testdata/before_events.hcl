schema "public" {}

table "accounts" {
  schema = schema.public
  column "id" { type = uuid }
  column "email" { type = text }
  column "name" {
    type    = text
    default = ""
  }
  column "status" {
    type    = text
    default = "active"
  }
  column "password_hash" { type = text }
  # Counts the changes of the password. A sign-in that checked an older one is refused.
  column "password_version" {
    type    = bigint
    default = 1
  }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  column "updated_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.id] }
  # In the C collation: that of the database may have rules of its own, such as Turkish with its two letters i.
  index "accounts_email_unique" {
    unique = true
    on { expr = "lower(email COLLATE \"C\")" }
  }
  check "accounts_email_length" { expr = "octet_length(email) <= 254" }
  check "accounts_name_length" { expr = "octet_length(name) <= 64" }
  check "accounts_status" { expr = "status IN ('active', 'disabled')" }
}

# Whoever an authorization is of: one narrow row for each account and each client that
# had one. It is what a change locks, and its epoch is what ends everything at once: a
# root authorization holds the epoch under which it began, and is alive while that is
# the subject's. The row outlives the account, as a pseudonym.
table "subjects" {
  schema = schema.public
  column "id" { type = uuid }
  column "kind" { type = text }
  # Of sign-ins, apps and programs, and of all that hangs on them.
  column "epoch" {
    type    = bigint
    default = 1
  }
  # Of personal access tokens, which a changed password leaves alone.
  column "personal_epoch" {
    type    = bigint
    default = 1
  }
  # Set while the account or the client is disabled, and when it was deleted.
  column "ended_at" {
    type = timestamptz
    null = true
  }
  # Set when the account was deleted: its rows elsewhere are still to be deleted.
  column "erasing" {
    type    = boolean
    default = false
  }
  primary_key { columns = [column.id] }
  index "subjects_erasing" {
    columns = [column.id]
    where   = "erasing"
  }
  check "subjects_kind" { expr = "kind IN ('account', 'client')" }
}

# One person let one client in. Rows are never deleted while the subject is there: an
# epoch that began anew would revive what it had ended.
table "consents" {
  schema = schema.public
  column "subject_id" { type = uuid }
  column "client_id" { type = uuid }
  column "epoch" {
    type    = bigint
    default = 1
  }
  column "scopes" { type = sql("text[]") }
  column "created_at" { type = timestamptz }
  column "withdrawn_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.subject_id, column.client_id] }
  foreign_key "consents_subject" {
    columns     = [column.subject_id]
    ref_columns = [table.subjects.column.id]
  }
}

# What stands until it ends, and because of which access tokens are alive: sign-ins,
# apps, programs, personal access tokens. The row outlives its tokens by some time.
table "authorizations" {
  schema = schema.public
  column "id" { type = uuid }
  column "kind" { type = text }
  column "subject_id" { type = uuid }
  # The program that acts, if it is not the subject itself. No foreign key: checking it
  # would lock the row of a client that draws many tokens a second.
  column "client_id" {
    type = uuid
    null = true
  }
  column "parent_id" {
    type = uuid
    null = true
  }
  # The root first, then every ancestor, this one last: it ends when any of them does.
  column "chain" { type = sql("uuid[]") }
  column "root_id" { type = uuid }
  # The subject's when it began; looked at in a root only.
  column "epoch" { type = bigint }
  column "client_epoch" {
    type = bigint
    null = true
  }
  column "consent_epoch" {
    type = bigint
    null = true
  }
  # What was given at most. It never changes: a token's record says what of it the
  # subject still has.
  column "scopes" { type = sql("text[]") }
  column "audiences" { type = sql("text[]") }
  # How (RFC 8176) and when the person was authenticated, if one was.
  column "amr" { type = sql("text[]") }
  column "auth_time" {
    type = timestamptz
    null = true
  }
  column "created_at" { type = timestamptz }
  # The last use that is known.
  column "used_at" { type = timestamptz }
  # When its record was last written because of a use. Redis takes the writing itself
  # for a use: only what is later than that is one.
  column "written_at" { type = timestamptz }
  # Sign-ins only: everything else has a fixed end.
  column "idle_expires_at" {
    type = timestamptz
    null = true
  }
  column "expires_at" { type = timestamptz }
  column "revoked_at" {
    type = timestamptz
    null = true
  }
  column "revoked_reason" {
    type    = text
    default = ""
  }
  primary_key { columns = [column.id] }
  foreign_key "authorizations_subject" {
    columns     = [column.subject_id]
    ref_columns = [table.subjects.column.id]
  }
  # A parent's row may not go before its children's: what is missing from a chain would
  # not be seen to have ended.
  foreign_key "authorizations_parent" {
    columns     = [column.parent_id]
    ref_columns = [column.id]
  }
  # Without those that were ended one by one: of them Redis was told one by one.
  index "authorizations_roots" {
    columns = [column.subject_id, column.epoch, column.id]
    where   = "parent_id IS NULL AND revoked_at IS NULL"
  }
  index "authorizations_tree" { columns = [column.root_id, column.id] }
  index "authorizations_client" {
    columns = [column.client_id, column.root_id, column.id]
    where   = "client_id IS NOT NULL"
  }
  index "authorizations_parent" {
    columns = [column.parent_id]
    where   = "parent_id IS NOT NULL"
  }
  index "authorizations_idle" {
    columns = [column.idle_expires_at, column.id]
    where   = "idle_expires_at IS NOT NULL AND revoked_at IS NULL"
  }
  index "authorizations_revoked" {
    columns = [column.revoked_at]
    where   = "revoked_at IS NOT NULL"
  }
  index "authorizations_expiry" { columns = [column.expires_at] }
  check "authorizations_kind" { expr = "kind IN ('session', 'app', 'service', 'personal', 'exchange')" }
  check "authorizations_depth" { expr = "cardinality(chain) BETWEEN 1 AND 8" }
  check "authorizations_root" { expr = "chain[1] = root_id" }
  check "authorizations_last" { expr = "chain[cardinality(chain)] = id" }
  check "authorizations_without_parent" { expr = "(parent_id IS NULL) = (root_id = id)" }
}

# The access tokens of an authorization, by the keyed hash under which each lives in
# Redis. The tokens themselves are nowhere.
table "access_tokens" {
  schema = schema.public
  column "hash" { type = bytea }
  column "authorization_id" { type = uuid }
  # Null: those of the authorization. A token may be for less (RFC 6749, section 6;
  # RFC 8707).
  column "scopes" {
    type = sql("text[]")
    null = true
  }
  column "audiences" {
    type = sql("text[]")
    null = true
  }
  column "issued_at" { type = timestamptz }
  column "expires_at" { type = timestamptz }
  primary_key { columns = [column.hash] }
  foreign_key "access_tokens_authorization" {
    columns     = [column.authorization_id]
    ref_columns = [table.authorizations.column.id]
    on_delete   = CASCADE
  }
  index "access_tokens_authorization" { columns = [column.authorization_id, column.hash] }
  index "access_tokens_expiry" { columns = [column.expires_at] }
  check "access_tokens_hash_length" { expr = "octet_length(hash) = 32" }
}

# Changes of which Redis has yet to be told, as selectors: one row for each act,
# whatever it reaches. No foreign keys: a row outlives what it names.
table "outbox" {
  schema = schema.public
  column "id" { type = uuid }
  column "selector" { type = text }
  # The id of what is selected; the hash of a token.
  column "target" { type = bytea }
  # Of a subject, only the roots of these epochs; null for all.
  column "epochs" {
    type = sql("bigint[]")
    null = true
  }
  # How far it was carried; null at the beginning.
  column "cursor" {
    type = bytea
    null = true
  }
  column "queued_at" {
    type    = timestamptz
    default = sql("now()")
  }
  # Selectors take turns: each is carried a page, then the one that waits longest.
  column "turn_at" {
    type    = timestamptz
    default = sql("clock_timestamp()")
  }
  # What was carried is kept for an hour: a Redis that came back with older data has to
  # be told of it again.
  column "done_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.id] }
  index "outbox_turn" {
    columns = [column.turn_at]
    where   = "done_at IS NULL"
  }
  index "outbox_done" {
    columns = [column.done_at]
    where   = "done_at IS NOT NULL"
  }
  check "outbox_selector" { expr = "selector IN ('subject', 'tree', 'client', 'role', 'api', 'token')" }
}

# What a person sees of a sign-in besides its authorization.
table "sessions" {
  schema = schema.public
  column "id" { type = uuid }
  column "device" {
    type    = text
    default = ""
  }
  column "ip" {
    type = inet
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "sessions_authorization" {
    columns     = [column.id]
    ref_columns = [table.authorizations.column.id]
    on_delete   = CASCADE
  }
}

# Services that rely on this one (OAuth resource servers).
table "apis" {
  schema = schema.public
  column "id" { type = uuid }
  column "audience" { type = text }
  column "name" {
    type    = text
    default = ""
  }
  column "scopes" { type = sql("text[]") }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.id] }
  index "apis_audience_key" {
    unique  = true
    columns = [column.audience]
  }
  check "apis_audience_length" { expr = "octet_length(audience) BETWEEN 1 AND 64" }
}

# A role bundles scopes of one API.
table "roles" {
  schema = schema.public
  column "id" { type = uuid }
  column "api_id" { type = uuid }
  column "name" { type = text }
  column "scopes" { type = sql("text[]") }
  primary_key { columns = [column.id] }
  foreign_key "roles_api" {
    columns     = [column.api_id]
    ref_columns = [table.apis.column.id]
    on_delete   = CASCADE
  }
  index "roles_name_key" {
    unique  = true
    columns = [column.api_id, column.name]
  }
}

# An account or a client has a role.
table "role_assignments" {
  schema = schema.public
  column "subject_id" { type = uuid }
  column "role_id" { type = uuid }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.subject_id, column.role_id] }
  foreign_key "role_assignments_subject" {
    columns     = [column.subject_id]
    ref_columns = [table.subjects.column.id]
  }
  foreign_key "role_assignments_role" {
    columns     = [column.role_id]
    ref_columns = [table.roles.column.id]
    on_delete   = CASCADE
  }
  index "role_assignments_role" { columns = [column.role_id, column.subject_id] }
}

# Programs with credentials of their own: APIs that introspect. A client is
# disabled, never deleted: its record in Redis has to end first.
table "clients" {
  schema = schema.public
  column "id" { type = uuid }
  column "api_id" { type = uuid }
  column "name" {
    type    = text
    default = ""
  }
  # SHA-256 of each secret, the newest first. Two are live while one is replaced.
  column "secret_hashes" { type = sql("bytea[]") }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  column "rotated_at" {
    type    = timestamptz
    default = sql("now()")
  }
  column "disabled_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "clients_api" {
    columns     = [column.api_id]
    ref_columns = [table.apis.column.id]
    on_delete   = RESTRICT
  }
  index "clients_api" { columns = [column.api_id] }
  check "clients_name_length" { expr = "octet_length(name) <= 64" }
  check "clients_secret_hashes" { expr = "cardinality(secret_hashes) BETWEEN 1 AND 2" }
}

# One row: which schema.hcl was applied last.
table "schema_state" {
  schema = schema.public
  column "singleton" {
    type    = boolean
    default = true
  }
  column "fingerprint" { type = text }
  # What was made by applying it, such as table accounts: nothing else may be dropped.
  column "objects" {
    type    = sql("text[]")
    default = sql("'{}'")
  }
  column "applied_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.singleton] }
  check "schema_state_one_row" { expr = "singleton" }
}
