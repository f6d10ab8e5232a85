// Package secrets seals, rotates and syncs the secrets of an environment. It owns
// the folder sealed-secrets/ENV: which secrets are sealed, which version of each is
// in use, and for which certificate; and it knows how a cluster and its stores come
// to have what the folder says.
//
// Package credential makes values, and package sealing encrypts one Secret; both
// know no files and no cluster.
package secrets
