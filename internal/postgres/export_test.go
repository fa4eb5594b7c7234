package postgres

// Verifier is what the server keeps of a password, for as many iterations as a test has time for.
func Verifier(secret string, iterations int) (string, error) {
	return scram(secret, make([]byte, 16), iterations)
}
