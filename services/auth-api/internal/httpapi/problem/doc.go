// Package problem is how an error is answered: as problem details (RFC 9457), and under
// /oauth in OAuth's form. One table, AnswerOf, maps each code to both.
package problem
