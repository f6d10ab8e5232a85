// Goes through every flow with oauth4webapi, whose checks are on.
import assert from "node:assert/strict";
import test from "node:test";
import * as oauth from "oauth4webapi";
import { algorithms, nobodysSecret, patiently, privateKey, visit, world } from "./world.mjs";

const issuer = new URL(world.issuer);
const http = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: patiently };
const discover = async (algorithm) => oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...http }));
const as = await discover("oidc");

const app = { client_id: world.app.id };
const basic = oauth.ClientSecretBasic(world.app.secret);
const post = oauth.ClientSecretPost(world.app.secret);
const publicApp = { client_id: world.public.id };
const program = { client_id: world.program.id };
const api = { client_id: world.api.id };
const scope = "openid email books:read offline_access";

// begin is a new authorization request.
async function begin(client, more = {}) {
  const flow = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier() };
  flow.parameters = {
    client_id: client.client_id, redirect_uri: world.callback, response_type: "code", scope, state: flow.state, nonce: flow.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier), code_challenge_method: "S256", ...more,
  };
  return flow;
}

const linkWith = (parameters) => `${as.authorization_endpoint}?${new URLSearchParams(parameters)}`;

// authorize sends the browser, and checks state and iss of what comes back.
async function authorize(client, flow, browser = {}) {
  const back = await visit(linkWith(flow.parameters), browser);
  assert.equal(back.origin + back.pathname, world.callback);
  return oauth.validateAuthResponse(as, client, back, flow.state);
}

const exchange = (client, auth, answer, verifier) => oauth.authorizationCodeGrantRequest(as, client, auth, answer, world.callback, verifier, http);

// signIn goes through the flow, and checks the ID token with its signature.
async function signIn(client, auth, more = {}, browser = {}) {
  const flow = await begin(client, more);
  const answer = await authorize(client, flow, browser);
  const response = await exchange(client, auth, answer, flow.verifier);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: flow.nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, response, http);
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens), answer, flow };
}

const refresh = async (client, auth, token) =>
  oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, token, http));
const draw = async (client, auth, parameters = {}) =>
  oauth.processClientCredentialsResponse(as, client, await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, http));
const introspect = async (token, secret = world.api.secret) =>
  oauth.processIntrospectionResponse(as, api, await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(secret), token, http));
const userInfo = async (token, subject) => oauth.processUserInfoResponse(as, app, subject, await oauth.userInfoRequest(as, app, token, http));
const revoke = async (client, auth, token) => oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, http));

// refused is an answer of the authorization server with an error in its body.
const refused = (status, error) => (e) => {
  assert.ok(e instanceof oauth.ResponseBodyError, e);
  assert.deepEqual([e.status, e.error], [status, error]);
  return true;
};

// challenged is one that asks for HTTP Basic.
async function challenged(work) {
  const e = await work.then(() => assert.fail("it was not refused"), (reason) => reason);
  assert.ok(e instanceof oauth.WWWAuthenticateChallengeError, e);
  assert.deepEqual([e.status, e.cause[0].scheme, (await e.response.json()).error], [401, "basic", "invalid_client"]);
}

// disliked is a check of the client itself.
const disliked = (words) => (e) => {
  assert.ok(e instanceof oauth.OperationProcessingError, e);
  assert.match(e.message, words);
  return true;
};

test("both documents of discovery are the same", async () => assert.deepEqual(await discover("oauth2"), as));

for (const [name, client, auth] of [["Basic", app, basic], ["the form", app, post], ["no secret", publicApp, oauth.None()]]) {
  test(`a person signs in, and the app with ${name} gets and ends what is its own`, async () => {
    const { tokens, claims } = await signIn(client, auth);
    assert.equal(claims.email, world.email);
    assert.equal(tokens.scope, "books:read email offline_access openid");
    assert.equal((await userInfo(tokens.access_token, claims.sub)).email, world.email);
    const told = await introspect(tokens.access_token);
    assert.deepEqual([told.active, told.client_id, told.sub, told.scope], [true, client.client_id, claims.sub, "books:read"]);

    const next = await refresh(client, auth, tokens.refresh_token);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.equal(oauth.getValidatedIdTokenClaims(next).sub, claims.sub);
    assert.equal((await introspect(next.access_token)).active, true);

    await revoke(client, auth, next.refresh_token);
    assert.deepEqual(await introspect(next.access_token), { active: false });
    await assert.rejects(refresh(client, auth, next.refresh_token), refused(400, "invalid_grant"));
    await assert.rejects(userInfo(next.access_token, claims.sub), (e) => e instanceof oauth.WWWAuthenticateChallengeError && e.cause[0].parameters.error === "invalid_token");
  });
}

test("a request is pushed", async () => {
  const flow = await begin(app, { resource: world.books });
  const pushed = await oauth.processPushedAuthorizationResponse(as, app, await oauth.pushedAuthorizationRequest(as, app, basic, flow.parameters, http));
  assert.ok(pushed.expires_in > 0);
  const answer = await authorize(app, { parameters: { client_id: app.client_id, request_uri: pushed.request_uri }, state: flow.state });
  const tokens = await oauth.processAuthorizationCodeResponse(as, app, await exchange(app, basic, answer, flow.verifier), { expectedNonce: flow.nonce, requireIdToken: true });
  assert.equal((await introspect(tokens.access_token)).active, true);
});

for (const [name, auth] of [["Basic", oauth.ClientSecretBasic(world.program.secret)], ["the form", oauth.ClientSecretPost(world.program.secret)]]) {
  test(`a program draws a token with ${name}`, async () => {
    const tokens = await draw(program, auth, { resource: world.books, scope: "books:read" });
    assert.equal(tokens.scope, "books:read");
    assert.equal((await introspect(tokens.access_token)).sub, program.client_id);
  });
}

for (const algorithm of algorithms) {
  test(`a program draws a token with an assertion signed with ${algorithm}`, async () => {
    const signer = { client_id: world.signer.id };
    const auth = oauth.PrivateKeyJwt(await privateKey(algorithm));
    assert.equal((await introspect((await draw(signer, auth)).access_token)).sub, signer.client_id);
  });
}

test("an app signs its person out", async () => {
  const browser = { browser: "one that leaves" };
  const { tokens } = await signIn(app, basic, { scope: "openid books:read" }, browser);
  const link = new URL(as.end_session_endpoint);
  for (const [name, value] of Object.entries({ id_token_hint: tokens.id_token, post_logout_redirect_uri: world.farewell, state: "a state" })) link.searchParams.set(name, value);
  assert.equal(String(await visit(link, browser)), world.farewell + "?state=a+state");
  assert.deepEqual(await introspect(tokens.access_token), { active: false });
  const flow = await begin(app, { prompt: "none" });
  await assert.rejects(authorize(app, flow, browser), (e) => e instanceof oauth.AuthorizationResponseError && e.error === "login_required");
});

test("what the client does not like is an error there", async () => {
  const flow = await begin(app);
  const back = await visit(linkWith(flow.parameters));
  assert.throws(() => oauth.validateAuthResponse(as, app, back, oauth.generateRandomState()), disliked(/"state"/));
  assert.throws(() => oauth.validateAuthResponse({ ...as, issuer: "http://other.test" }, app, back, flow.state), disliked(/"iss"/));
  const answer = oauth.validateAuthResponse(as, app, back, flow.state);
  const response = await exchange(app, basic, answer, flow.verifier);
  await assert.rejects(oauth.processAuthorizationCodeResponse(as, app, response, { expectedNonce: oauth.generateRandomNonce() }), disliked(/"nonce"/));
  const { tokens } = await signIn(app, basic);
  await assert.rejects(userInfo(tokens.access_token, "somebody else"), disliked(/"sub"/));
});

test("a wrong verifier gets nothing, and uses the code up", async () => {
  const flow = await begin(app);
  const answer = await authorize(app, flow);
  const attempt = async (verifier) => oauth.processAuthorizationCodeResponse(as, app, await exchange(app, basic, answer, verifier));
  await assert.rejects(attempt(oauth.generateRandomCodeVerifier()), refused(400, "invalid_grant"));
  await assert.rejects(attempt(flow.verifier), refused(400, "invalid_grant"));
});

test("a code that is used twice ends what it gave", async () => {
  const { tokens, answer, flow } = await signIn(app, basic);
  await assert.rejects(async () => oauth.processAuthorizationCodeResponse(as, app, await exchange(app, basic, answer, flow.verifier)), refused(400, "invalid_grant"));
  assert.deepEqual(await introspect(tokens.access_token), { active: false });
});

test("a wrong secret gets nothing, and uses nothing up", async () => {
  const flow = await begin(app);
  const answer = await authorize(app, flow);
  const attempt = async (auth) => oauth.processAuthorizationCodeResponse(as, app, await exchange(app, auth, answer, flow.verifier), { expectedNonce: flow.nonce });
  await challenged(attempt(oauth.ClientSecretBasic(nobodysSecret)));
  await assert.rejects(attempt(oauth.ClientSecretPost(nobodysSecret)), refused(401, "invalid_client"));
  const tokens = await attempt(basic);
  await challenged(refresh(app, oauth.ClientSecretBasic(nobodysSecret), tokens.refresh_token));
  await challenged(revoke(app, oauth.ClientSecretBasic(nobodysSecret), tokens.refresh_token));
  await challenged(introspect(tokens.access_token, nobodysSecret));
  await challenged(draw(program, oauth.ClientSecretBasic(nobodysSecret)));
  assert.equal((await introspect((await refresh(app, basic, tokens.refresh_token)).access_token)).active, true);
});

test("a program gets no scope and no API that is not its own", async () => {
  const auth = oauth.ClientSecretBasic(world.program.secret);
  await assert.rejects(draw(program, auth, { scope: "books:write" }), refused(400, "invalid_scope"));
  await assert.rejects(draw(program, auth, { resource: "https://films.test/api" }), refused(400, "invalid_target"));
  await assert.rejects(draw(app, basic), refused(400, "unauthorized_client"));
});

for (const [error, more, browser] of [
  ["access_denied", { prompt: "consent" }, { answer: "deny" }],
  ["login_required", { prompt: "none" }, { browser: "nobody's" }],
  ["consent_required", { prompt: "none", scope: "openid profile" }, {}],
  ["invalid_scope", { scope: 'openid books"read' }, {}],
  ["invalid_target", { resource: "https://films.test/api" }, {}],
  ["unsupported_response_type", { response_type: "token" }, {}],
  ["invalid_request", { code_challenge_method: "plain" }, {}],
]) {
  test(`the app hears of ${error}`, async () => {
    const flow = await begin(app, more);
    await assert.rejects(authorize(app, flow, browser), (e) => {
      assert.ok(e instanceof oauth.AuthorizationResponseError, e);
      assert.equal(e.error, error);
      return true;
    });
  });
}

test("a pushed request with a fault is refused at once", async () => {
  const push = async (client, auth, more) => {
    const { parameters } = await begin(client, more);
    return oauth.processPushedAuthorizationResponse(as, client, await oauth.pushedAuthorizationRequest(as, client, auth, parameters, http));
  };
  await assert.rejects(push(app, basic, { redirect_uri: "https://evil.test/" }), refused(400, "invalid_request"));
  await assert.rejects(push(app, basic, { resource: "https://films.test/api" }), refused(400, "invalid_target"));
  await assert.rejects(push(app, basic, { response_type: "token" }), refused(400, "unsupported_response_type"));
  await challenged(push(app, oauth.ClientSecretBasic(nobodysSecret), {}));
});
