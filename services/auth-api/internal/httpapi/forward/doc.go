// Package forward serves GET /verify, which a proxy calls at each request to learn
// whether to let it through: nginx auth_request, Traefik ForwardAuth and the like.
package forward
