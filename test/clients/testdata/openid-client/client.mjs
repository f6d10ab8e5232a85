// Goes through every flow with openid-client, whose checks are on.
import assert from "node:assert/strict";
import test from "node:test";
import * as client from "openid-client";
import { algorithms, nobodysSecret, patiently, privateKey, visit, world } from "./world.mjs";

const scope = "openid email books:read offline_access";

// connect discovers the authorization server for a client, and has the signatures of ID tokens checked.
async function connect(id, auth, algorithm = "oidc") {
  const config = await client.discovery(new URL(world.issuer), id, undefined, auth, { algorithm, execute: [client.allowInsecureRequests], [client.customFetch]: patiently });
  client.enableNonRepudiationChecks(config);
  return config;
}

const app = await connect(world.app.id, client.ClientSecretBasic(world.app.secret));
const posting = await connect(world.app.id, client.ClientSecretPost(world.app.secret));
const publicApp = await connect(world.public.id, client.None());
const program = await connect(world.program.id, client.ClientSecretBasic(world.program.secret));
const api = await connect(world.api.id, client.ClientSecretBasic(world.api.secret));
const impostor = (of) => connect(of.id, client.ClientSecretBasic(nobodysSecret));

// begin is a new authorization request, with the checks of what it leads to.
async function begin(more = {}) {
  const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true };
  const parameters = {
    redirect_uri: world.callback, scope, state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: "S256", ...more,
  };
  return { checks, parameters };
}

// signIn goes through the flow.
async function signIn(config, more = {}, browser = {}) {
  const { checks, parameters } = await begin(more);
  const back = await visit(client.buildAuthorizationUrl(config, parameters), browser);
  return { tokens: await client.authorizationCodeGrant(config, back, checks), back, checks };
}

const introspect = (token) => client.tokenIntrospection(api, token);

// refused is an answer of the authorization server with an error in its body.
const refused = (status, error) => (e) => {
  assert.ok(e instanceof client.ResponseBodyError, e);
  assert.deepEqual([e.status, e.error], [status, error]);
  return true;
};

// challenged is one that asks for HTTP Basic.
const challenged = (e) => {
  assert.ok(e instanceof client.WWWAuthenticateChallengeError, e);
  assert.deepEqual([e.status, e.cause[0].scheme], [401, "basic"]);
  return true;
};

// disliked is a check of the client itself.
const disliked = (words) => (e) => {
  assert.ok(e instanceof client.ClientError, e);
  assert.match(e.cause?.message ?? e.message, words);
  return true;
};

test("both documents of discovery are the same", async () => {
  const other = await connect(world.app.id, client.None(), "oauth2");
  assert.deepEqual(other.serverMetadata(), app.serverMetadata());
  assert.ok(app.serverMetadata().supportsPKCE());
});

for (const [name, config, id] of [["Basic", app, world.app.id], ["the form", posting, world.app.id], ["no secret", publicApp, world.public.id]]) {
  test(`a person signs in, and the app with ${name} gets and ends what is its own`, async () => {
    const { tokens } = await signIn(config);
    const claims = tokens.claims();
    assert.equal(claims.email, world.email);
    assert.equal((await client.fetchUserInfo(config, tokens.access_token, claims.sub)).email, world.email);
    const told = await introspect(tokens.access_token);
    assert.deepEqual([told.active, told.client_id, told.sub, told.scope], [true, id, claims.sub, "books:read"]);

    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(next.claims().sub, claims.sub);
    assert.equal((await introspect(next.access_token)).active, true);

    await client.tokenRevocation(config, next.access_token);
    assert.deepEqual(await introspect(next.access_token), { active: false });
    await assert.rejects(client.refreshTokenGrant(config, next.refresh_token), refused(400, "invalid_grant"));
    await assert.rejects(client.fetchUserInfo(config, next.access_token, claims.sub), (e) => e.cause[0].parameters.error === "invalid_token");
  });
}

test("a sign-in that has to be recent is", async () => {
  const { checks, parameters } = await begin({ max_age: "0" });
  const back = await visit(client.buildAuthorizationUrl(app, parameters));
  const tokens = await client.authorizationCodeGrant(app, back, { ...checks, maxAge: 60 });
  assert.ok(Date.now() / 1000 - tokens.claims().auth_time < 60);
});

test("a browser is asked silently for the person whom the app knows", async () => {
  const { tokens } = await signIn(app);
  const silently = { prompt: "none", id_token_hint: tokens.id_token };
  assert.equal((await signIn(app, silently)).tokens.claims().sub, tokens.claims().sub);
  const told = (e) => e instanceof client.AuthorizationResponseError && e.error === "invalid_request";
  await assert.rejects(signIn(app, { ...silently, id_token_hint: tokens.id_token.slice(0, -5) }), told);
});

test("a request is pushed", async () => {
  const { checks, parameters } = await begin();
  const link = await client.buildAuthorizationUrlWithPAR(app, parameters);
  assert.deepEqual([...link.searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const tokens = await client.authorizationCodeGrant(app, await visit(link), checks);
  assert.equal((await introspect(tokens.access_token)).active, true);
});

for (const [name, auth] of [["Basic", client.ClientSecretBasic(world.program.secret)], ["the form", client.ClientSecretPost(world.program.secret)]]) {
  test(`a program draws a token with ${name}`, async () => {
    const tokens = await client.clientCredentialsGrant(await connect(world.program.id, auth), { resource: world.books, scope: "books:read" });
    assert.equal(tokens.scope, "books:read");
    assert.equal((await introspect(tokens.access_token)).sub, world.program.id);
  });
}

for (const algorithm of algorithms) {
  test(`a program draws a token with an assertion signed with ${algorithm}`, async () => {
    const config = await connect(world.signer.id, client.PrivateKeyJwt(await privateKey(algorithm)));
    assert.equal((await introspect((await client.clientCredentialsGrant(config)).access_token)).sub, world.signer.id);
  });
}

test("an app signs its person out", async () => {
  const browser = { browser: "one that leaves" };
  const { tokens } = await signIn(app, { scope: "openid books:read" }, browser);
  const link = client.buildEndSessionUrl(app, { id_token_hint: tokens.id_token, post_logout_redirect_uri: world.farewell, state: "a state" });
  assert.equal(String(await visit(link, browser)), world.farewell + "?state=a+state");
  assert.deepEqual(await introspect(tokens.access_token), { active: false });
  await assert.rejects(signIn(app, { prompt: "none" }, browser), (e) => e instanceof client.AuthorizationResponseError && e.error === "login_required");
});

for (const [what, wrong, words] of [
  ["state", { expectedState: client.randomState() }, /"state"/],
  ["nonce", { expectedNonce: client.randomNonce() }, /"nonce"/],
]) {
  test(`a wrong ${what} is an error of the client`, async () => {
    const { checks, parameters } = await begin();
    const back = await visit(client.buildAuthorizationUrl(app, parameters));
    await assert.rejects(client.authorizationCodeGrant(app, back, { ...checks, ...wrong }), disliked(words));
  });
}

test("an answer of another issuer is an error of the client", async () => {
  const { checks, parameters } = await begin();
  const back = await visit(client.buildAuthorizationUrl(app, parameters));
  back.searchParams.set("iss", "http://other.test");
  await assert.rejects(client.authorizationCodeGrant(app, back, checks), disliked(/"iss"/));
});

test("a wrong verifier gets nothing, and uses the code up", async () => {
  const { checks, parameters } = await begin();
  const back = await visit(client.buildAuthorizationUrl(app, parameters));
  await assert.rejects(client.authorizationCodeGrant(app, back, { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() }), refused(400, "invalid_grant"));
  await assert.rejects(client.authorizationCodeGrant(app, back, checks), refused(400, "invalid_grant"));
});

test("a code that is used twice ends what it gave", async () => {
  const { tokens, back, checks } = await signIn(app);
  await assert.rejects(client.authorizationCodeGrant(app, back, checks), refused(400, "invalid_grant"));
  assert.deepEqual(await introspect(tokens.access_token), { active: false });
});

test("a wrong secret gets nothing, and uses nothing up", async () => {
  const { checks, parameters } = await begin();
  const back = await visit(client.buildAuthorizationUrl(app, parameters));
  await assert.rejects(client.authorizationCodeGrant(await impostor(world.app), back, checks), challenged);
  const tokens = await client.authorizationCodeGrant(app, back, checks);
  await assert.rejects(client.refreshTokenGrant(await impostor(world.app), tokens.refresh_token), challenged);
  await assert.rejects(client.tokenRevocation(await impostor(world.app), tokens.refresh_token), challenged);
  await assert.rejects(client.tokenIntrospection(await impostor(world.api), tokens.access_token), challenged);
  await assert.rejects(client.clientCredentialsGrant(await impostor(world.program)), challenged);
  await assert.rejects(client.buildAuthorizationUrlWithPAR(await impostor(world.app), parameters), challenged);
  await assert.rejects(client.clientCredentialsGrant(await connect(world.program.id, client.ClientSecretPost(nobodysSecret))), refused(401, "invalid_client"));
  await client.refreshTokenGrant(app, tokens.refresh_token);
});

test("a program gets no scope and no API that is not its own", async () => {
  await assert.rejects(client.clientCredentialsGrant(program, { scope: "books:write" }), refused(400, "invalid_scope"));
  await assert.rejects(client.clientCredentialsGrant(program, { resource: "https://films.test/api" }), refused(400, "invalid_target"));
  await assert.rejects(client.clientCredentialsGrant(app), refused(400, "unauthorized_client"));
});

for (const [error, more, browser] of [
  ["access_denied", { prompt: "consent" }, { answer: "deny" }],
  ["login_required", { prompt: "none" }, { browser: "nobody's" }],
  ["consent_required", { prompt: "none", scope: "openid profile" }, {}],
  ["invalid_scope", { scope: 'openid books"read' }, {}],
  ["invalid_target", { resource: "https://films.test/api" }, {}],
]) {
  test(`the app hears of ${error}`, async () => {
    await assert.rejects(signIn(app, more, browser), (e) => {
      assert.ok(e instanceof client.AuthorizationResponseError, e);
      assert.equal(e.error, error);
      return true;
    });
  });
}
