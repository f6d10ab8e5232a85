// Package problem turns errors into answers: problem details (RFC 9457), and under /oauth
// OAuth's form. One table, AnswerOf, maps each code to both.
package problem
