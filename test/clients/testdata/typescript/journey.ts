// Goes through an account's life with a client whose types were generated.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const email = "typescript@books.test";
const password = "notes on the analytical engine";
const newPassword = "a bernoulli number, by a machine";

// advice compiles only if it knows every code: the list is closed.
function advice(code: components["schemas"]["Problem"]["code"]): string {
  switch (code) {
    case "invalid_token":
    case "missing_token":
    case "insufficient_user_authentication":
    case "invalid_credentials":
      return "sign in";
    case "busy":
    case "too_many_attempts":
    case "store_unavailable":
    case "change_under_way":
    case "request_timeout":
    case "client_gone":
    case "internal":
      return "try again";
    case "account_disabled":
    case "account_not_found":
    case "registration_closed":
    case "insufficient_scope":
    case "invalid_scope":
    case "session_not_found":
    case "factor_not_found":
    case "already_exists":
    case "request_expired":
    case "wrong_password":
    case "invalid_code":
    case "invalid_passkey":
    case "session_required":
    case "mail_not_configured":
    case "passkeys_not_configured":
    case "validation_failed":
      return "ask the person";
    case "body_too_large":
    case "header_too_large":
    case "malformed_request":
    case "method_not_allowed":
    case "method_unknown":
    case "route_not_found":
    case "unsupported_media_type":
    case "version_not_supported":
      return "mend the program";
    default: {
      const none: never = code;
      return none;
    }
  }
}

const baseUrl = process.env["AUTH_URL"] ?? "";
const api = createClient<paths>({ baseUrl });
const form = {
  bodySerializer: (body: Record<string, string | undefined>) =>
    new URLSearchParams(Object.entries(body).filter((pair): pair is [string, string] => pair[1] !== undefined)),
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
};

// mailedTo waits for the code that is mailed to an address.
async function mailedTo(address: string): Promise<string> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const mails = (await (await fetch(`${process.env["MAILBOX_URL"]}.json`)).json()) as { mails: { to: string[]; text: string }[] };
    const code = mails.mails.find((m) => m.to.includes(address))?.text.match(/^\s+([B-Z]{4}-[B-Z]{4})$/m)?.[1];
    if (code) return code;
    await new Promise((wait) => setTimeout(wait, 50));
  }
  throw new Error(`no mail to ${address}`);
}

const ready = await api.GET("/readyz");
assert.equal(ready.data?.stores["session-db"], "up");

const nobody = await api.POST("/v1/accounts", { body: { email: "ada" } });
assert.ok(nobody.error);
assert.equal(nobody.error.code, "validation_failed");
assert.equal(nobody.error.errors?.[0]?.reason, "not_an_email");

const asked = await api.POST("/v1/accounts", { body: { email } });
assert.ok(asked.data);
const code = await mailedTo(email);
const weak = await api.POST("/v1/accounts/{id}/confirmation", { params: { path: { id: asked.data.id } }, body: { code, password: "short" } });
assert.equal(weak.error?.errors?.[0]?.reason, "too_short");
const registered = await api.POST("/v1/accounts/{id}/confirmation", { params: { path: { id: asked.data.id } }, body: { code, password } });
assert.equal(registered.response.status, 204);

const wrong = await api.POST("/v1/sessions", { body: { email, password: newPassword } });
assert.ok(wrong.error);
assert.equal(advice(wrong.error.code), "sign in");

const signedIn = await api.POST("/v1/sessions", { body: { email, password } });
// An account with a second factor is answered with a challenge instead.
assert.ok(signedIn.data && "access_token" in signedIn.data);
const token: string = signedIn.data.access_token;
const kind: "Bearer" = signedIn.data.token_type;
const headers = { Authorization: `${kind} ${token}` };
const basic = { Authorization: "Basic " + Buffer.from(`${process.env["CLIENT_ID"]}:${process.env["CLIENT_SECRET"]}`).toString("base64") };

const renamed = await api.PATCH("/v1/accounts/me", { body: { name: "Ada" }, headers });
assert.equal(renamed.data?.name, "Ada");
const me = await api.GET("/v1/accounts/me", { headers });
assert.equal(me.data?.email, email);
assert.equal(me.data.session, signedIn.data.session.id);

const sessions = await api.GET("/v1/sessions", { headers });
assert.equal(sessions.data?.sessions[0]?.current, true);

const changed = await api.PUT("/v1/accounts/me/password", { body: { current_password: password, new_password: newPassword }, headers });
assert.equal(changed.response.status, 204);

const other = await api.POST("/oauth/introspect", { ...form, body: { token }, headers: { ...form.headers, ...basic } });
assert.equal(other.data?.active, false);
const stranger = await api.POST("/oauth/introspect", { ...form, body: { token } });
assert.ok(stranger.error && "error" in stranger.error);
assert.equal(stranger.error.error, "invalid_client");
const many = await api.POST("/oauth/introspect/batch", { body: { tokens: [token, "nonsense"] }, headers: basic });
assert.equal(many.data?.results.length, 2);

const revoked = await api.POST("/oauth/revoke", { ...form, body: { token } });
assert.equal(revoked.response.status, 200);
const over = await api.GET("/v1/accounts/me", { headers });
assert.ok(over.error);
assert.equal(over.error.code, "invalid_token");
console.log("done");
