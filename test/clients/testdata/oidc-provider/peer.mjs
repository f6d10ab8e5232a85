// Runs oidc-provider, an authorization server that nobody here wrote, with the clients that the
// Go test tells it of. Its paths are those of auth-api, so that both get the same requests.
import Provider, { errors } from "oidc-provider";

const told = JSON.parse(process.env.PEER);
const { hostname, port } = new URL(told.issuer);

const app = { redirect_uris: [told.callback], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] };
const program = { redirect_uris: [], grant_types: ["client_credentials"], response_types: [] };
const withSecret = ({ id, secret }) => ({ client_id: id, client_secret: secret, token_endpoint_auth_method: "client_secret_basic" });

const provider = new Provider(told.issuer, {
  clients: [
    { ...app, ...withSecret(told.app) },
    { ...app, ...withSecret(told.other) },
    { ...app, client_id: told.public.id, token_endpoint_auth_method: "none" },
    { ...program, ...withSecret(told.program) },
    { ...program, ...withSecret(told.posting), token_endpoint_auth_method: "client_secret_post" },
    { ...program, client_id: told.signer.id, token_endpoint_auth_method: "private_key_jwt", jwks: told.signerKeys },
    { ...program, grant_types: [], ...withSecret(told.api) },
  ],
  routes: {
    authorization: "/oauth/authorize", token: "/oauth/token", introspection: "/oauth/introspect", revocation: "/oauth/revoke",
    userinfo: "/oauth/userinfo", pushed_authorization_request: "/oauth/par", end_session: "/oauth/logout", jwks: "/.well-known/jwks.json",
  },
  scopes: ["openid", "offline_access", "email", "books:read"],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo(_, resource) {
        if (resource !== told.books) throw new errors.InvalidTarget();
        return { scope: "books:read", accessTokenFormat: "opaque" };
      },
    },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: false }) }),
  cookies: { keys: ["for the tests alone"] },
});

provider.listen(Number(port), hostname, () => console.log(JSON.stringify({ msg: "serving", addr: `${hostname}:${port}` })));
