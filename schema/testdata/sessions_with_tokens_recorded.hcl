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

# One row a sign-in. The row outlives the token by some weeks.
table "sessions" {
  schema = schema.public
  column "id" { type = uuid }
  column "account_id" { type = uuid }
  # The keyed hash under which the token lives in Redis. The token itself is nowhere.
  column "token_hash" { type = bytea }
  column "scopes" { type = sql("text[]") }
  column "audiences" { type = sql("text[]") }
  column "device" {
    type    = text
    default = ""
  }
  column "ip" {
    type = inet
    null = true
  }
  column "created_at" { type = timestamptz }
  column "seen_at" { type = timestamptz }
  column "idle_expires_at" { type = timestamptz }
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
  foreign_key "sessions_account" {
    columns     = [column.account_id]
    ref_columns = [table.accounts.column.id]
    on_delete   = CASCADE
  }
  index "sessions_token_hash_key" {
    unique  = true
    columns = [column.token_hash]
  }
  index "sessions_live" {
    columns = [column.account_id, column.created_at]
    where   = "revoked_at IS NULL"
  }
  index "sessions_expiry" { columns = [column.expires_at] }
  check "sessions_token_hash_length" { expr = "octet_length(token_hash) = 32" }
}

# Tokens whose record in Redis may not be what the tables say. No foreign key:
# a row must outlive its account, or a deleted account's token would live on.
table "token_syncs" {
  schema = schema.public
  column "token_hash" { type = bytea }
  column "account_id" {
    type = uuid
    null = true
  }
  column "queued_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.token_hash] }
  index "token_syncs_queued" { columns = [column.queued_at] }
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

table "grants" {
  schema = schema.public
  column "account_id" { type = uuid }
  column "role_id" { type = uuid }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.account_id, column.role_id] }
  foreign_key "grants_account" {
    columns     = [column.account_id]
    ref_columns = [table.accounts.column.id]
    on_delete   = CASCADE
  }
  foreign_key "grants_role" {
    columns     = [column.role_id]
    ref_columns = [table.roles.column.id]
    on_delete   = CASCADE
  }
  index "grants_role" { columns = [column.role_id] }
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
