package configuration

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// secretKeys hold secrets, whatever the component.
	secretKeys = []string{
		"password", "passphrase", "secret", "client_secret", "token", "bearer_token", "api_key", "apikey",
		"access_key", "secret_key", "private_key", "key_pem", "authorization", "x-api-key", "api-key", "cookie",
	}
	// innocent words are the scheme of a header and no secret.
	innocent = []string{"", "basic", "bearer"}

	reference  = regexp.MustCompile(`\$\{[^{}]*\}`)
	urlSecret  = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\s:@]*:([^/?#\s@]+)@`)
	dsnSecret  = regexp.MustCompile(`(?i)(?:^|\s)password\s*=\s*('[^']*'|[^\s']+)`)
	keyBlock   = regexp.MustCompile(`PRIVATE KEY|(?m)^PRIVATE\+KEY\+`)
	hashPrefix = regexp.MustCompile(`^(\$2[abxy]\$|\$apr1\$|\$[156]\$|\{SHA\})`)
)

// findSecrets looks at what stands in the files themselves, not at what a
// variable holds. It shows the key and never the value.
func findSecrets(c *Configuration, f *finder) {
	visit(c.root, nil, nil, func(path, named []string, v *value) {
		if kind := secretIn(path, v.raw); kind != "" {
			f.find(v, "%s at %s", kind, strings.Join(named, "::"))
		}
	})
}

// visit calls see with every scalar, the keys that lead to it, and what these are
// called for people.
func visit(v *value, path, named []string, see func(path, named []string, v *value)) {
	switch {
	case v == nil:
	case v.kind == scalar:
		see(path, named, v)
	default:
		for _, key := range v.keys {
			visit(v.members[key], append(slices.Clip(path), key), append(slices.Clip(named), v.told(key)), see)
		}
		for _, item := range v.items {
			visit(item, path, named, see)
		}
	}
}

// secretIn says what kind of secret a text is, "" for none.
func secretIn(path []string, raw string) string {
	if raw == "" || len(path) == 0 {
		return ""
	}
	// A default is text of the file: only what has none is taken out.
	text := reference.ReplaceAllStringFunc(raw, func(s string) string {
		_, otherwise, _ := strings.Cut(strings.TrimSuffix(s, "}"), ":-")
		return otherwise
	})
	key := strings.ToLower(path[len(path)-1])
	switch {
	case keyBlock.MatchString(text):
		return "a private key"
	case urlSecret.MatchString(text), dsnSecret.MatchString(text):
		return "a password in a connection string"
	case key == "inline" && slices.Contains(path, "htpasswd"):
		return htpasswd(text)
	case isSecretKey(path, key) && !onlyScheme(text):
		return "a secret"
	}
	return ""
}

func isSecretKey(path []string, key string) bool {
	if slices.Contains(secretKeys, key) {
		// Names of secrets, for redaction, are no secrets.
		return !slices.Contains(path, "redaction")
	}
	parent := ""
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	return key == "key" && parent == "integrity" || key == "keys" && parent == "origin_mac"
}

// onlyScheme reports whether nothing is left but the scheme in front of a token.
func onlyScheme(text string) bool {
	return slices.Contains(innocent, strings.ToLower(strings.TrimSpace(text)))
}

// htpasswd finds a password among hashes.
func htpasswd(text string) string {
	for line := range strings.Lines(text) {
		_, password, _ := strings.Cut(strings.TrimSpace(line), ":")
		password = strings.ReplaceAll(password, "$$", "$")
		if password != "" && !hashPrefix.MatchString(password) {
			return "a password that is not hashed"
		}
	}
	return ""
}
