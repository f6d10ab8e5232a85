schema "public" {}

table "accounts" {
  schema = schema.public
  column "id" { type = uuid }
  column "email" { type = text }
  # When the address was proved to be the person's; null: nobody has proved it.
  column "email_verified_at" {
    type = timestamptz
    null = true
  }
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
  # Null: nobody has signed in yet, or not since this is noted.
  column "first_sign_in_at" {
    type = timestamptz
    null = true
  }
  # Whether a sign-in needs a second step after the password.
  column "second_factor" {
    type    = boolean
    default = false
  }
  # Wrong passwords since the last right one: after a hundred only known devices may sign in.
  column "misses" {
    type    = int
    default = 0
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
  # The live ones of one person and one client.
  index "authorizations_apps" {
    columns = [column.subject_id, column.client_id, column.id]
    where   = "client_id IS NOT NULL AND revoked_at IS NULL"
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

# The refresh tokens of an authorization (a family): one row, however often it was
# refreshed. Only keyed hashes stand here, and nonces for a few seconds.
table "refresh_tokens" {
  schema = schema.public
  column "authorization_id" { type = uuid }
  # Counts the tokens of the family, from 1.
  column "generation" { type = bigint }
  # Of the newest token.
  column "hash" { type = bytea }
  # The refreshes of the last seconds (package authorization, rotation): with them a token is
  # drawn again for a client whose answer was lost. Emptied soon after.
  column "rotations" {
    type    = bytea
    default = sql("''::bytea")
  }
  column "rotated_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.authorization_id] }
  foreign_key "refresh_tokens_authorization" {
    columns     = [column.authorization_id]
    ref_columns = [table.authorizations.column.id]
    on_delete   = CASCADE
  }
  index "refresh_tokens_rotated" {
    columns = [column.rotated_at]
    where   = "rotations <> ''::bytea"
  }
  check "refresh_tokens_hash_length" { expr = "octet_length(hash) = 32" }
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

# What a person sees of a personal access token besides its authorization.
table "personal_tokens" {
  schema = schema.public
  column "id" { type = uuid }
  column "name" { type = text }
  # When the owner is told next that it is about to end; null: not any more.
  column "remind_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "personal_tokens_authorization" {
    columns     = [column.id]
    ref_columns = [table.authorizations.column.id]
    on_delete   = CASCADE
  }
  index "personal_tokens_remind" {
    columns = [column.remind_at]
    where   = "remind_at IS NOT NULL"
  }
  check "personal_tokens_name_length" { expr = "octet_length(name) <= 64" }
}

# Authorization codes: one for each request that a person has said yes to. Only their
# hashes stand here.
table "authorization_codes" {
  schema = schema.public
  column "request_id" { type = uuid }
  column "hash" { type = bytea }
  # From it and a service key the code is derived: the same one for a form that is sent
  # twice.
  column "nonce" { type = bytea }
  column "client_id" { type = uuid }
  column "subject_id" { type = uuid }
  # The sign-in in whose browser the person said yes.
  column "session_id" { type = uuid }
  column "redirect_uri" { type = text }
  column "redirect_given" { type = boolean }
  # PKCE, by S256; "" for clients that are exempt.
  column "challenge" { type = text }
  column "oidc_nonce" { type = text }
  column "scopes" { type = sql("text[]") }
  column "audiences" { type = sql("text[]") }
  column "consent_epoch" { type = bigint }
  column "client_epoch" { type = bigint }
  column "amr" { type = sql("text[]") }
  column "auth_time" { type = timestamptz }
  column "expires_at" { type = timestamptz }
  column "spent_at" {
    type = timestamptz
    null = true
  }
  # What it was exchanged for, which ends if it is used again.
  column "authorization_id" {
    type = uuid
    null = true
  }
  primary_key { columns = [column.request_id] }
  index "authorization_codes_hash" {
    unique  = true
    columns = [column.hash]
  }
  index "authorization_codes_expiry" { columns = [column.expires_at] }
}

# Authorization requests that clients have pushed (RFC 9126), for as long as it takes to
# send the browser. Nothing in them is secret.
table "pushed_requests" {
  schema = schema.public
  column "hash" { type = bytea }
  column "client_id" { type = uuid }
  column "parameters" { type = jsonb }
  column "expires_at" { type = timestamptz }
  primary_key { columns = [column.hash] }
  index "pushed_requests_client" { columns = [column.client_id, column.expires_at] }
  index "pushed_requests_expiry" { columns = [column.expires_at] }
}

# Requests for one-time codes, which are mailed. Of a code only its keyed hash stands here.
table "codes" {
  schema = schema.public
  column "id" { type = uuid }
  column "purpose" { type = text }
  # Where the code is sent to: as it was typed, whether it has an account or not.
  column "address" { type = text }
  # Null until the code was minted, which is when its mail is sent.
  column "account" {
    type = uuid
    null = true
  }
  column "hash" {
    type = bytea
    null = true
  }
  # Wrong codes that were typed.
  column "misses" {
    type    = int
    default = 0
  }
  column "created_at" { type = timestamptz }
  column "expires_at" {
    type = timestamptz
    null = true
  }
  # When it was used, or became void.
  column "spent_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.id] }
  # How many were sent to an address.
  index "codes_address" {
    on { expr = "lower(address COLLATE \"C\")" }
    on { column = column.created_at }
  }
  index "codes_account" {
    columns = [column.account]
    where   = "account IS NOT NULL"
  }
  index "codes_created" { columns = [column.created_at] }
  check "codes_address_length" { expr = "octet_length(address) <= 254" }
  check "codes_hash_length" { expr = "octet_length(hash) = 32" }
}

# Secrets of authenticator apps (RFC 6238), one an account. They are encrypted under a key
# that is not in this database, for this account alone.
table "totps" {
  schema = schema.public
  column "account" { type = uuid }
  # Which service key the secret is encrypted under.
  column "key_id" { type = text }
  column "secret" { type = bytea }
  # Null: the account's owner has not shown a code yet, and nothing asks for one.
  column "confirmed_at" {
    type = timestamptz
    null = true
  }
  # The step of the last code that was taken: neither it nor an older one is taken again.
  column "last_step" {
    type    = bigint
    default = 0
  }
  # Wrong codes since the last right one.
  column "misses" {
    type    = int
    default = 0
  }
  # When the owner was last told of a wrong code.
  column "warned_at" {
    type = timestamptz
    null = true
  }
  column "created_at" { type = timestamptz }
  primary_key { columns = [column.account] }
  foreign_key "totps_account" {
    columns     = [column.account]
    ref_columns = [table.accounts.column.id]
    on_delete   = CASCADE
  }
  index "totps_unconfirmed" {
    columns = [column.created_at]
    where   = "confirmed_at IS NULL"
  }
  check "totps_key_id_length" { expr = "octet_length(key_id) = 2" }
}

# What signs somebody in who has lost the authenticator app. Only hashes stand here.
table "recovery_codes" {
  schema = schema.public
  column "account" { type = uuid }
  column "hash" { type = bytea }
  column "created_at" { type = timestamptz }
  column "spent_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.account, column.hash] }
  foreign_key "recovery_codes_account" {
    columns     = [column.account]
    ref_columns = [table.accounts.column.id]
    on_delete   = CASCADE
  }
  check "recovery_codes_hash_length" { expr = "octet_length(hash) = 32" }
}

# Passkeys (WebAuthn credentials). Nothing in here is secret: the private keys are on devices.
table "passkeys" {
  schema = schema.public
  column "id" { type = uuid }
  column "account" { type = uuid }
  # The id that the authenticator has given it.
  column "credential_id" { type = bytea }
  # What authenticators know the account by: random, the same for all passkeys of an account.
  column "handle" { type = bytea }
  # The domain for which it was made. It works for no other.
  column "rp_id" { type = text }
  # What its owner calls it.
  column "name" { type = text }
  # The whole record as the library writes it, with public key, counter and flags.
  column "credential" { type = jsonb }
  # When its device first checked who holds it. Null: a browser has made it silently after a
  # sign-in with a password, and it counts as no factor yet.
  column "proved_at" {
    type = timestamptz
    null = true
  }
  # When its counter last went back, as that of a copy does.
  column "suspected_at" {
    type = timestamptz
    null = true
  }
  column "created_at" { type = timestamptz }
  column "last_used_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "passkeys_account" {
    columns     = [column.account]
    ref_columns = [table.accounts.column.id]
    on_delete   = CASCADE
  }
  index "passkeys_credential_id" {
    unique  = true
    columns = [column.credential_id]
  }
  index "passkeys_account" { columns = [column.account, column.created_at] }
  # Asked at start, to refuse another domain while there are passkeys.
  index "passkeys_rp_id" { columns = [column.rp_id] }
  check "passkeys_credential_id_length" { expr = "octet_length(credential_id) BETWEEN 1 AND 1023" }
  check "passkeys_handle_length" { expr = "octet_length(handle) = 64" }
}

# Ceremonies with passkeys that are over, until they would have expired: none is taken twice.
table "spent_ceremonies" {
  schema = schema.public
  column "hash" { type = bytea }
  column "expires_at" { type = timestamptz }
  primary_key { columns = [column.hash] }
  index "spent_ceremonies_expiry" { columns = [column.expires_at] }
  check "spent_ceremonies_hash_length" { expr = "octet_length(hash) = 32" }
}

# Sign-ins that wait for their second step, for a few minutes.
table "sign_in_challenges" {
  schema = schema.public
  # Of the handle, which is shown once.
  column "hash" { type = bytea }
  column "account" { type = uuid }
  # The password that was right. The challenge is void when there is another.
  column "password_version" { type = bigint }
  # The device, if it was known to the account.
  column "device" {
    type = uuid
    null = true
  }
  # Those that the sign-in asked for.
  column "scopes" { type = sql("text[]") }
  column "expires_at" { type = timestamptz }
  column "spent_at" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.hash] }
  foreign_key "sign_in_challenges_account" {
    columns     = [column.account]
    ref_columns = [table.accounts.column.id]
    on_delete   = CASCADE
  }
  index "sign_in_challenges_account" { columns = [column.account, column.expires_at] }
  index "sign_in_challenges_expiry" { columns = [column.expires_at] }
  check "sign_in_challenges_hash_length" { expr = "octet_length(hash) = 32" }
}

# Services that rely on this one (OAuth resource servers).
table "apis" {
  schema = schema.public
  column "id" { type = uuid }
  column "audience" { type = text }
  # Besides the name, for clients that know it by a URL (RFC 8707); without a slash at its
  # end. "" if it has none.
  column "url" {
    type    = text
    default = ""
  }
  column "name" {
    type    = text
    default = ""
  }
  column "scopes" { type = sql("text[]") }
  # What each scope lets an app do, as people are told who are asked for it; not every scope
  # has words.
  column "words" {
    type    = jsonb
    default = sql("'{}'::jsonb")
  }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.id] }
  index "apis_audience_key" {
    unique  = true
    columns = [column.audience]
  }
  index "apis_url_key" {
    unique  = true
    columns = [column.url]
    where   = "url <> ''"
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

# Programs with an identity of their own: APIs that introspect, and apps that sign people
# in or draw tokens for themselves. A client is disabled, never deleted: its record in Redis
# has to end first, and what it was let in to names it.
table "clients" {
  schema = schema.public
  column "id" { type = uuid }
  # The API whose tokens it introspects; null for an app.
  column "api_id" {
    type = uuid
    null = true
  }
  column "name" {
    type    = text
    default = ""
  }
  # SHA-256 of each secret, the newest first. Two are live while one is replaced; public
  # clients, and those that sign assertions, have none.
  column "secret_hashes" { type = sql("bytea[]") }
  # How it authenticates at the token endpoint (RFC 7591, section 2).
  column "authentication" {
    type    = text
    default = "client_secret"
  }
  # The public keys that check its assertions, as a JWK set; "" without.
  column "keys" {
    type    = text
    default = ""
  }
  # Of the same owner as this service: nobody is asked for consent.
  column "first_party" {
    type    = boolean
    default = false
  }
  # Runs on a person's device: the port of loopback redirects is free (RFC 8252).
  column "native" {
    type    = boolean
    default = false
  }
  # It cannot do PKCE, and an administrator allowed it.
  column "pkce_exempt" {
    type    = boolean
    default = false
  }
  column "redirect_uris" {
    type    = sql("text[]")
    default = sql("'{}'::text[]")
  }
  # Where people may be sent after they signed out by this app.
  column "logout_uris" {
    type    = sql("text[]")
    default = sql("'{}'::text[]")
  }
  # Origins of pages that may call the token endpoint.
  column "origins" {
    type    = sql("text[]")
    default = sql("'{}'::text[]")
  }
  column "grants" {
    type    = sql("text[]")
    default = sql("'{}'::text[]")
  }
  # The APIs that its tokens may be for.
  column "audiences" {
    type    = sql("text[]")
    default = sql("'{}'::text[]")
  }
  # The algorithm of its ID tokens.
  column "id_token_algorithm" {
    type    = text
    default = "RS256"
  }
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
  check "clients_secret_hashes" { expr = "cardinality(secret_hashes) <= 2" }
  check "clients_authentication" { expr = "authentication IN ('none', 'client_secret', 'private_key_jwt') AND (authentication = 'client_secret') = (cardinality(secret_hashes) > 0) AND (authentication = 'private_key_jwt') = (keys <> '')" }
  check "clients_introspection" { expr = "api_id IS NULL OR authentication = 'client_secret'" }
  check "clients_pkce_exempt" { expr = "NOT pkce_exempt OR authentication <> 'none'" }
  check "clients_grants" { expr = "grants <@ ARRAY['authorization_code', 'refresh_token', 'client_credentials']" }
  check "clients_id_token_algorithm" { expr = "id_token_algorithm IN ('RS256', 'ES256')" }
}

# Assertions that clients have signed to authenticate (RFC 7523): each is good once, at any
# replica. The rows are deleted when the assertions have expired.
table "client_assertions" {
  schema = schema.public
  column "client_id" { type = uuid }
  # SHA-256 of the assertion's jti.
  column "hash" { type = bytea }
  column "expires_at" { type = timestamptz }
  primary_key { columns = [column.client_id, column.hash] }
  index "client_assertions_expiry" { columns = [column.expires_at] }
  check "client_assertions_hash_length" { expr = "octet_length(hash) = 32" }
}

# What was done: one row for each act, and summed-up refusals. Rows are never changed. One
# partition a month, which apply and `auth-api audit maintain` make (maintain.go). Actor and
# subject are pseudonyms: they outlive the account, and nothing here says whose they were.
table "events" {
  schema = schema.public
  column "id" { type = uuid }
  column "at" { type = timestamptz }
  column "actor_kind" { type = text }
  column "actor" {
    type = uuid
    null = true
  }
  # Of a command: the operating system's user who ran it.
  column "actor_name" {
    type    = text
    default = ""
  }
  # A closed list in package audit. It is not checked here: a new verb needs no new schema.
  column "verb" { type = text }
  column "subject_kind" { type = text }
  column "subject" {
    type = uuid
    null = true
  }
  column "outcome" { type = text }
  column "reason" {
    type    = text
    default = ""
  }
  column "client_id" {
    type = uuid
    null = true
  }
  column "session" {
    type = uuid
    null = true
  }
  column "request_id" {
    type    = text
    default = ""
  }
  # Names of APIs and roles. Nothing about a person.
  column "about" {
    type    = text
    default = ""
  }
  # Refusals that were alike are one row: the first was at "at", the last at "until".
  column "count" {
    type    = bigint
    default = 1
  }
  column "until" {
    type = timestamptz
    null = true
  }
  primary_key { columns = [column.at, column.id] }
  index "events_actor" {
    columns = [column.actor, column.at, column.id]
    where   = "actor IS NOT NULL"
  }
  index "events_subject" {
    columns = [column.subject, column.at, column.id]
    where   = "subject IS NOT NULL"
  }
  index "events_verb" { columns = [column.verb, column.at, column.id] }
  check "events_actor_kind" { expr = "actor_kind IN ('account', 'client', 'command', 'nobody')" }
  check "events_subject_kind" { expr = "subject_kind IN ('account', 'client', 'api', 'role', 'none')" }
  check "events_outcome" { expr = "outcome IN ('done', 'refused')" }
  check "events_count" { expr = "count > 0" }
  check "events_verb_length" { expr = "octet_length(verb) BETWEEN 1 AND 64" }
  check "events_lengths" { expr = "octet_length(actor_name) <= 64 AND octet_length(request_id) <= 64 AND octet_length(about) <= 256" }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}

# From where an act came: the personal part of an event. Rows are deleted with the account,
# and after 90 days.
table "event_origins" {
  schema = schema.public
  column "event" { type = uuid }
  column "at" { type = timestamptz }
  # The person whom the row is about, if that is known.
  column "subject" {
    type = uuid
    null = true
  }
  column "address" {
    type = inet
    null = true
  }
  column "device" {
    type    = text
    default = ""
  }
  primary_key { columns = [column.event] }
  index "event_origins_subject" {
    columns = [column.subject]
    where   = "subject IS NOT NULL"
  }
  index "event_origins_at" { columns = [column.at] }
  check "event_origins_device_length" { expr = "octet_length(device) <= 256" }
}

# Mails that are to be sent, and for 30 days how that went. Recipient and data are emptied
# when a mail was sent or dropped.
table "mails" {
  schema = schema.public
  column "id" { type = uuid }
  # A closed list in package mail. It is not checked here: a new kind needs no new schema.
  column "kind" { type = text }
  column "recipient" {
    type    = text
    default = ""
  }
  # BCP 47; "" is English.
  column "language" {
    type    = text
    default = ""
  }
  # The person whom it is about, if that is known.
  column "account" {
    type = uuid
    null = true
  }
  # Parameters of the text. Nothing in them is secret.
  column "data" {
    type    = jsonb
    default = sql("'{}'::jsonb")
  }
  column "state" {
    type    = text
    default = "waiting"
  }
  column "tries" {
    type    = int
    default = 0
  }
  # While it is being sent: when its replica is given up.
  column "next_try_at" { type = timestamptz }
  # When the server accepted it.
  column "handed_over_at" {
    type = timestamptz
    null = true
  }
  # Why it was not sent, without what it says and to whom.
  column "error" {
    type    = text
    default = ""
  }
  column "created_at" { type = timestamptz }
  primary_key { columns = [column.id] }
  index "mails_due" {
    columns = [column.next_try_at]
    where   = "state IN ('waiting', 'sending')"
  }
  index "mails_account" {
    columns = [column.account]
    where   = "account IS NOT NULL"
  }
  index "mails_created" { columns = [column.created_at] }
  check "mails_state" { expr = "state IN ('waiting', 'sending', 'sent', 'unknown', 'failed', 'dropped')" }
  check "mails_kind_length" { expr = "octet_length(kind) BETWEEN 1 AND 64" }
  check "mails_lengths" { expr = "octet_length(recipient) <= 254 AND octet_length(language) <= 64 AND octet_length(error) <= 512" }
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
