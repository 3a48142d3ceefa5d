package server_test

import (
	"bytes"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/server"
)

func TestThePageComesWithAllItsParts(t *testing.T) {
	d := newDesk(t, server.Options{}).as("")
	r, page := d.ask("GET", "/", "", nil)
	if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("/: %s %s", r.Status, r.Header.Get("Content-Type"))
	}
	parts, bytes := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllSubmatch(page, -1), len(page)
	for _, part := range parts {
		r, body := d.ask("GET", string(part[1]), "", nil)
		if bytes += len(body); r.StatusCode != 200 || len(body) == 0 {
			t.Errorf("%s: %s", part[1], r.Status)
		}
	}
	if len(parts) < 4 || bytes > 300<<10 {
		t.Errorf("the page has %d parts and %d bytes, want 4 and at most 300 KiB", len(parts), bytes)
	}
	for _, inline := range []string{"<style", " style=", " onclick=", "http://", "https://"} {
		if strings.Contains(string(page), inline) {
			t.Errorf("the page holds %s", inline)
		}
	}
}

func TestEveryWordOfThePageIsInBothLanguages(t *testing.T) {
	d := newDesk(t, server.Options{}).as("")
	_, words := d.ask("GET", "/page/words.js", "", nil)
	english, spanish, ok := bytes.Cut(words, []byte("\n  es: {"))
	names := func(of []byte) map[string]bool {
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(`(\w+): "`).FindAllSubmatch(of, -1) {
			found[string(m[1])] = true
		}
		return found
	}
	en, es := names(english), names(spanish)
	if !ok || len(en) < 40 || len(en) != len(es) {
		t.Fatalf("%d words in English, %d in Spanish", len(en), len(es))
	}
	for name := range en {
		if !es[name] {
			t.Errorf("%s is not in Spanish", name)
		}
	}
	_, page := d.ask("GET", "/", "", nil)
	var script []byte
	for _, file := range regexp.MustCompile(`/page/\w+\.js`).FindAll(page, -1) {
		if _, text := d.ask("GET", string(file), "", nil); !bytes.Contains(text, []byte("leeoniya/uPlot")) {
			script = append(script, text...)
		}
	}
	used := regexp.MustCompile(`data-word="(\w+)"|say\("(\w+)"|dataset\.word = "(\w+)"`).FindAllSubmatch(append(page, script...), -1)
	for _, u := range used {
		if name := string(u[1]) + string(u[2]) + string(u[3]); !en[name] {
			t.Errorf("the page says %s, which is no word of it", name)
		}
	}
	if len(used) < 30 {
		t.Errorf("the page uses %d words", len(used))
	}
}

// Every reason that verdicts and images are given, with something in its gaps, is one that the page has in Spanish.
func TestEveryReasonIsInSpanish(t *testing.T) {
	d := newDesk(t, server.Options{}).as("")
	_, words := d.ask("GET", "/page/words.js", "", nil)
	var known []*regexp.Regexp
	for _, m := range regexp.MustCompile(`\[/(\^.*?\$)/, "`).FindAllSubmatch(words, -1) {
		known = append(known, regexp.MustCompile(string(m[1])))
	}
	given := 0
	for file, reason := range map[string]string{
		"../gallery/verdict.go": `v\.Reason = .*?"([^"]+)"`, "../gallery/identify.go": "v\\.Reason = .*?\"(.*)\", v\\.ID", "../gallery/burst.go": "Sprintf\\(\"(frames .*)\", ", "../face/quality.go": `return "([^"]+)"`,
		"body.go": `busy\("([^"]+)"\)`, "problem.go": `(?:busy\(|StatusInternalServerError, )"([^"]+)"`, "about.go": `busy\("([^"]+)"\)`, "listen.go": `busy\("([^"]+)"\)`,
		"guard.go": `"(key %q [^"]+)"`, "keys.go": `ErrNoKey = errors.New\("([^"]+)"`, "../gallery/store.go": `ErrFull += errors.New\("([^"]+)"`,
		"identify.go": `"(no face [^"]+)"`, "../gallery/by.go": `"(no face [^"]+)"`, "../gallery/entry.go": `badID\("([^"]+)"`,
	} {
		source, err := os.ReadFile(file)
		check(t, err)
		found := regexp.MustCompile(reason).FindAllSubmatch(source, -1)
		if len(found) == 0 {
			t.Errorf("%s gives no reasons", file)
		}
		for _, m := range found {
			given++
			text := strings.NewReplacer("%.4f", "0.1234", "%q", `"Anna"`, "%s", "a.png", "%d", "2", "%.0f", "40", "%%", "%", "%v", "5").Replace(string(m[1]))
			if !slices.ContainsFunc(known, func(r *regexp.Regexp) bool { return r.MatchString(text) }) {
				t.Errorf("%s: %q is not in Spanish", file, text)
			}
		}
	}
	if given < 15 {
		t.Errorf("%d reasons are given, want more", given)
	}
}

func TestASessionKeepsItsKeyFromScripts(t *testing.T) {
	d := newDesk(t, server.Options{})
	jar, err := cookiejar.New(nil)
	check(t, err)
	browser := &http.Client{Jar: jar}
	ask := func(method, path, body string) (*http.Response, []byte) {
		t.Helper()
		r, err := http.NewRequest(method, d.url+path, strings.NewReader(body))
		check(t, err)
		r.Header.Set("Content-Type", "application/json")
		response, err := browser.Do(r)
		check(t, err)
		defer response.Body.Close()
		var out bytes.Buffer
		_, err = out.ReadFrom(response.Body)
		check(t, err)
		return response, out.Bytes()
	}
	r, body := ask("POST", "/v1/session", `{"key": "siam_wrong"}`)
	wantProblem(t, r, body, 401, "not known")
	r, body = ask("GET", "/v1/session", "")
	if s := want[api.Session](t, r, body); s.Name != "" || len(s.Roles) != 0 {
		t.Errorf("the session of nobody = %+v", s)
	}
	gate := d.newKey("gate", nil, server.RoleIdentify)
	r, body = ask("POST", "/v1/session", `{"key": "`+gate+`"}`)
	if s := want[api.Session](t, r, body); s.Name != "gate" || len(s.Roles) != 1 {
		t.Errorf("session = %+v, want gate to identify", s)
	}
	if c := r.Cookies(); len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Secure {
		t.Errorf("cookies = %+v, want one that scripts and other sites do not get", c)
	}
	r, body = ask("GET", "/v1/galleries", "")
	want[api.Galleries](t, r, body)
	r, body = ask("GET", "/v1/galleries/main/review", "")
	wantProblem(t, r, body, 403, "role")
	r, body = ask("DELETE", "/v1/session", "")
	want[api.Session](t, r, body)
	r, body = ask("GET", "/v1/galleries", "")
	wantProblem(t, r, body, 401, "no key")
}
