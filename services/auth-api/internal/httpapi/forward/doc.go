// Package forward is how a proxy asks at each request whether to let it through: GET
// /verify, for nginx auth_request, Traefik ForwardAuth and the like.
package forward
