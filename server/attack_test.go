package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/server"
)

// listen lets a desk's server listen as siam serve does, with its timeouts, until the test ends, and returns its address.
func (d *desk) listen() string {
	d.t.Helper()
	return d.listenUntil(context.Background())
}

// listenUntil is listen until a context ends, or the test.
func (d *desk) listenUntil(ctx context.Context) string {
	d.t.Helper()
	at, err := net.Listen("tcp", "127.0.0.1:0")
	check(d.t, err)
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- d.server.Serve(ctx, at, nil) }()
	d.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			d.t.Errorf("the server ends with %v", err)
		}
	})
	d.url = "http://" + at.Addr().String()
	return at.Addr().String()
}

// dial sends bytes on a connection of its own.
func dial(t *testing.T, address, send string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	check(t, c.SetDeadline(time.Now().Add(5*time.Minute)))
	_, err = io.WriteString(c, send)
	check(t, err)
	return c
}

// answers reads answers until the server closes the connection.
func answers(t *testing.T, c net.Conn) (all []int) {
	t.Helper()
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return all
		}
		_, err = io.Copy(io.Discard, r.Body)
		check(t, err)
		all = append(all, r.StatusCode)
	}
}

func TestOfOneRequestIsNoSecondMade(t *testing.T) {
	d := newDesk(t, server.Options{})
	address := d.listen()
	head := "POST /v1/galleries/main/remove HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " + d.key + "\r\n"
	hidden := "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + d.key + "\r\n\r\n"
	body := `{"ids":["x"]}`
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	for name, request := range map[string]string{
		"length before chunks":       head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + hidden,
		"length after chunks":        head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunked + hidden,
		"chunks alone":               head + "Transfer-Encoding: chunked\r\n\r\n" + chunked + hidden,
		"two lengths":                head + "Content-Length: 13\r\nContent-Length: 0\r\n\r\n" + body + hidden,
		"a list of lengths":          head + "Content-Length: 13, 0\r\n\r\n" + body + hidden,
		"a length with a sign":       head + "Content-Length: +13\r\n\r\n" + body + hidden,
		"a space before the colon":   head + "Transfer-Encoding : chunked\r\nContent-Length: 13\r\n\r\n" + body + hidden,
		"an encoding in disguise":    head + "Transfer-Encoding: \x0bchunked\r\nContent-Length: 13\r\n\r\n" + body + hidden,
		"two encodings":              head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked + hidden,
		"an encoding of two":         head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked + hidden,
		"chunks with a bare newline": head + "Transfer-Encoding: chunked\r\n\r\nd\n" + body + "\n0\n\n" + hidden,
		"a chunk's false length":     head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + body + hidden,
		"no host":                    strings.Replace(head, "Host: x\r\n", "", 1) + "Content-Length: 13\r\n\r\n" + body + hidden,
		"two hosts":                  head + "Host: y\r\nContent-Length: 13\r\n\r\n" + body + hidden,
	} {
		if got := answers(t, dial(t, address, request)); len(got) != 1 || got[0] == 200 {
			t.Errorf("%s: answers %v, want one, which is no 200", name, got)
		}
	}
	two := head + "Content-Length: 13\r\n\r\n" + body + hidden
	if got := answers(t, dial(t, address, two)); len(got) != 2 || got[1] != 200 {
		t.Errorf("two requests as they should be: answers %v, want two", got)
	}
}

// What a proxy may add, or let through, gives nobody more than their key does: no other address, method, gallery or host.
func TestHeadersOfProxiesChangeNothing(t *testing.T) {
	d := newDesk(t, server.Options{})
	staff := d.newKey("staff", []string{"staff"}, server.RoleIdentify)
	for name, value := range map[string]string{
		"X-Original-URL": "/v1/galleries/staff", "X-Rewrite-URL": "/v1/galleries/staff", "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "POST", "X-Forwarded-For": "127.0.0.1",
		"X-Forwarded-Host": "localhost", "X-Forwarded-User": "boss", "Forwarded": "for=127.0.0.1;host=localhost", "X-Forwarded-Prefix": "/v1/galleries/staff", "X-Real-IP": "127.0.0.1", "Cookie": "siam_key=" + d.key,
	} {
		r, err := http.NewRequest("GET", d.url+"/v1/galleries/main", nil)
		check(t, err)
		r.Header.Set("Authorization", "Bearer "+staff)
		r.Header.Set(name, value)
		response, err := http.DefaultClient.Do(r)
		check(t, err)
		body, err := io.ReadAll(response.Body)
		check(t, err)
		response.Body.Close()
		wantProblem(t, response, body, http.StatusForbidden, "is not for gallery")
	}
}

func TestWhoSendsSlowlyIsCutOffAndKeepsNobodyFromTheirs(t *testing.T) {
	d := newDesk(t, server.Options{Timeout: 5 * time.Second, MaxBytes: 64 << 20, Queue: 4}) // in which a busy machine embeds an image too
	address := d.listen()
	head := "Host: x\r\nAuthorization: Bearer " + d.key + "\r\n"
	var slow []net.Conn
	for range 30 { // together they announce more than is held in memory, and are more than the queue has places
		slow = append(slow,
			dial(t, address, "GET /v1/mo"),
			dial(t, address, "POST /v1/embed HTTP/1.1\r\n"+head+"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 60000000\r\n\r\n--x"),
			dial(t, address, "POST /v1/galleries/main/identify/embeddings HTTP/1.1\r\n"+head+"Content-Type: application/json\r\nContent-Length: 60000000\r\n\r\n{"))
	}
	r, body := d.form("/v1/embed", "image=@"+a)
	want[api.Embedded](t, r, body)
	for i, c := range slow {
		got := answers(t, c)
		if status := []int{400, 408, 408}[i%3]; len(got) != 1 || got[0] != status {
			t.Errorf("slow client %d: answers %v, want %d", i, got, status)
		}
	}
	r, body = d.form("/v1/embed", "image=@"+a)
	want[api.Embedded](t, r, body)
}

func TestAThousandIdleConnectionsDoNotMatter(t *testing.T) {
	d := newDesk(t, server.Options{})
	address := d.listen()
	for i := range 1000 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Skipf("this machine bears %d connections: %v", i, err)
		}
		t.Cleanup(func() { c.Close() })
	}
	r, body := d.form("/v1/embed", "image=@"+a)
	want[api.Embedded](t, r, body)
}

func TestFiveGigabytesAreRefusedBeforeTheyAreSent(t *testing.T) {
	d := newDesk(t, server.Options{})
	c := dial(t, d.listen(), "POST /v1/embed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+d.key+"\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5368709120\r\n\r\n--x\r\n")
	if got := answers(t, c); len(got) != 1 || got[0] != http.StatusRequestEntityTooLarge {
		t.Errorf("5 GB: answers %v, want 413", got)
	}
}

// Images that are allowed one by one, in few bytes each, are too many pixels together.
func TestManyLargeImagesAreNotHeldTogether(t *testing.T) {
	var large bytes.Buffer
	check(t, png.Encode(&large, image.NewGray(image.Rect(0, 0, 1000, 1000))))
	file := "image=@" + write(t, "large.png", large.Bytes())
	d := newDesk(t, server.Options{MaxPixels: 1 << 20, Rate: 1e6, Burst: 1e6})
	for _, path := range []string{"/v1/embed", "/v1/galleries/main/identify", "/v1/galleries/main/identify/burst"} {
		r, body := d.form(path, slices.Repeat([]string{file}, 5)...)
		wantProblem(t, r, body, http.StatusRequestEntityTooLarge, "5000000 pixels together, more than the 4194304")
	}
	var all sync.WaitGroup
	for range 10 { // in turn: two of them are too many pixels
		all.Go(func() {
			if r, body := d.form("/v1/embed", slices.Repeat([]string{file}, 4)...); r.StatusCode != http.StatusOK {
				t.Errorf("4 large images: %s %s", r.Status, body)
			}
		})
	}
	all.Wait()
}

func TestWhoHasNoKeySendsLittle(t *testing.T) {
	d := newDesk(t, server.Options{}).as("")
	secret := strings.Repeat("secret", 1<<20)
	r, body := d.ask("POST", "/v1/session", "application/json", strings.NewReader(`{"key":"`+secret+`"}`))
	wantProblem(t, r, body, 413, "larger than 4096 bytes")
	r, body = d.ask("POST", "/v1/session", "application/json", strings.NewReader(`{"key":"`+secret[:300]+`"}`))
	wantProblem(t, r, body, 422, "length")
	if bytes.Contains(body, []byte("secretsecret")) {
		t.Errorf("the problem says the key again: %s", body)
	}
	r, body = d.ask("POST", "/v1/session", "application/json", strings.NewReader(`{"key":"`+secret[:300]))
	wantProblem(t, r, body, 400, "")
	if bytes.Contains(body, []byte("secretsecret")) {
		t.Errorf("the problem says the key again: %s", body)
	}
}

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.json("POST", "/v1/galleries/main/remove", api.IDs{})
	wantProblem(t, r, body, 422, "expected array")
	var p api.Problem
	check(t, json.Unmarshal(body, &p))
	if !strings.Contains(p.Detail, "body.ids") || strings.Contains(p.Detail, "\n") {
		t.Errorf("detail = %q, want one line that names body.ids", p.Detail)
	}
	long := strings.Repeat("x", 100_000)
	r, body = d.json("POST", "/v1/galleries/main/remove", map[string]any{"ids": []string{"a"}, long: long})
	wantProblem(t, r, body, 422, "unexpected property")
	if len(body) > 2000 {
		t.Errorf("the problem has %d bytes", len(body))
	}
}

func TestAKeyForSomeGalleriesLearnsNothingOfOthers(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/staff/enroll", "id=Zoe", "image=@"+a)
	want[api.Enrolled](t, r, body)
	main := d.as(d.newKey("main", []string{"main"}, server.RoleAdmin))
	for _, path := range []string{"/metrics", "/v1/trainings", "/v1/tracks", "/v1/tracks/x.html"} {
		r, body = main.ask("GET", path, "", nil)
		wantProblem(t, r, body, 403, "some galleries")
	}
	for method, paths := range map[string][]string{
		"GET":  {"", "/ids", "/review", "/review/x/crop"},
		"POST": {"/identify", "/identify/burst", "/identify/embeddings", "/verify", "/enroll", "/reject", "/remove", "/calibrate", "/review"},
	} {
		for _, path := range paths {
			for _, name := range []string{"staff", "nobody", "%73taff", "main%2F..%2Fstaff"} {
				r, body := main.ask(method, "/v1/galleries/"+name+path, "application/json", nil)
				wantProblem(t, r, body, 403, "is not for gallery")
				if strings.Contains(string(body), "Zoe") {
					t.Errorf("%s %s says who is enrolled", method, path)
				}
			}
		}
	}
}

func TestAnIDIsNoStatementNoPathAndNoMarkup(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "g.db"), sqlite.Options{Create: true})
	check(t, err)
	t.Cleanup(func() { store.Close() })
	d := newDesk(t, server.Options{Store: store})
	_, err = gallery.Create(t.Context(), store, d.model.ForGallery(), d.model.ForGallery().Settings("main", gallery.Watch))
	check(t, err)
	ids := []string{"\" OR 1=1 --", "%27%20OR%201=1", "'; DROP TABLE entry; --", "../../etc/passwd", "<img src=x onerror=alert(1)>", "Robert'); DELETE FROM gallery"}
	slices.Sort(ids)
	for _, id := range ids {
		r, body := d.form("/v1/galleries/main/enroll", "id="+id, "image=@"+a)
		want[api.Enrolled](t, r, body)
	}
	listed := func() (found []string) {
		r, body := d.ask("GET", "/v1/galleries/main/ids", "", nil)
		for _, id := range want[api.Listed](t, r, body).IDs {
			found = append(found, id.ID)
		}
		slices.Sort(found)
		return found
	}
	for _, none := range []string{"' OR '1'='1", "%", "*", "x' UNION SELECT hash FROM line --"} {
		r, body := d.json("POST", "/v1/galleries/main/remove", api.IDs{IDs: []string{none}})
		wantProblem(t, r, body, 404, "not found")
		r, body = d.form("/v1/galleries/main/verify", "id="+none, "image=@"+a)
		wantProblem(t, r, body, 404, "not found")
		r, body = d.ask("GET", "/v1/galleries/"+url.PathEscape("main"+none)+"/ids", "", nil)
		wantProblem(t, r, body, 404, "there is no gallery")
	}
	if found := listed(); !slices.Equal(found, ids) {
		t.Errorf("enrolled are %q, want %q", found, ids)
	}
	r, body := d.json("POST", "/v1/galleries/main/remove", api.IDs{IDs: ids[:1]})
	if r.StatusCode != 200 || !slices.Equal(listed(), ids[1:]) {
		t.Errorf("removing %q: %s %s; enrolled are %q", ids[0], r.Status, body, listed())
	}
}

func TestTheAuditLogIsVerifiedInParts(t *testing.T) {
	d := newDesk(t, server.Options{Rate: 1e6, Burst: 1e6})
	for range 5 {
		r, body := d.form("/v1/galleries/main/identify", "image=@"+a)
		want[api.Identified](t, r, body)
	}
	var all []gallery.Line
	for l, err := range d.store.Log(t.Context(), 1) {
		check(t, err)
		all = append(all, l)
	}
	if len(all) != 7 {
		t.Fatalf("the log has %d lines, want 7", len(all))
	}
	for from, limit := int64(1), 3; from < 7; from += 3 {
		r, body := d.ask("GET", fmt.Sprintf("/v1/audit?show=true&from=%d&limit=%d", from, limit), "", nil)
		some := want[api.AuditedPart](t, r, body)
		end := min(from+2, 7)
		before := ""
		if from > 1 {
			before = all[from-2].Hash
		}
		if some.From != from || some.Lines != end || some.Hash != all[end-1].Hash || some.Before != before || !some.Holds || some.More != (end < 7) || len(some.Log) != int(end-from+1) {
			t.Errorf("audit from %d = %+v, want up to %d", from, some, end)
		}
	}
	r, body := d.ask("GET", "/v1/audit?from=9", "", nil)
	wantProblem(t, r, body, 404, "no line 9")
	r, body = d.ask("GET", "/v1/audit?limit=100000", "", nil)
	wantProblem(t, r, body, 422, "10000")
}

func TestAGalleryThatIsMadeAgainForgetsWhoWasInTheFirst(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/enroll", "id=Anna", "image=@"+a)
	want[api.Enrolled](t, r, body)
	r, body = d.form("/v1/galleries/main/identify", "image=@"+a)
	if f := want[api.Identified](t, r, body); f.Results[0].ID != "Anna" {
		t.Fatalf("identify = %+v, want Anna", f.Results[0])
	}
	g, err := gallery.OpenNamed(t.Context(), d.store, "main")
	check(t, err)
	check(t, g.Drop(t.Context()))
	_, err = gallery.Create(t.Context(), d.store, d.model.ForGallery(), d.model.ForGallery().Settings("main", gallery.Watch))
	check(t, err)
	r, body = d.form("/v1/galleries/main/enroll", "id=Zoe", "image=@"+a)
	want[api.Enrolled](t, r, body)
	r, body = d.form("/v1/galleries/main/identify", "image=@"+a)
	if f := want[api.Identified](t, r, body); f.Results[0].ID != "Zoe" {
		t.Errorf("identify in the gallery that was made again = %+v, want Zoe", f.Results[0])
	}
}

func TestKeysThatAreMadeAtOnceAreAllKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			keys, err := server.OpenKeys(path) // as another process does
			if err == nil {
				_, _, err = keys.Add(fmt.Sprint("key ", i), []server.Role{server.RoleIdentify}, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	keys, err := server.OpenKeys(path)
	check(t, err)
	if list, err := keys.List(); len(list) != 20 || err != nil {
		t.Errorf("of 20 keys %d are kept, %v", len(list), err)
	}
}

func TestKeysAreWhatTheyWereMeantToBe(t *testing.T) {
	keys, err := server.OpenKeys(filepath.Join(t.TempDir(), "keys.json"))
	check(t, err)
	some := []server.Role{server.RoleIdentify}
	for name, add := range map[string]func() (server.Key, string, error){
		"no name":           func() (server.Key, string, error) { return keys.Add(" ", some, nil) },
		"two lines":         func() (server.Key, string, error) { return keys.Add("a\nb", some, nil) },
		"no role":           func() (server.Key, string, error) { return keys.Add("a", nil, nil) },
		"another role":      func() (server.Key, string, error) { return keys.Add("a", []server.Role{"root"}, nil) },
		"an empty gallery":  func() (server.Key, string, error) { return keys.Add("a", some, []string{""}) },
		"a gallery's space": func() (server.Key, string, error) { return keys.Add("a", some, []string{"main "}) },
	} {
		if _, secret, err := add(); err == nil || secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("a key of %s: %v, want an error", name, err)
		}
	}
	if list, err := keys.List(); len(list) != 0 || err != nil {
		t.Errorf("keys = %+v, %v, want none", list, err)
	}
}
