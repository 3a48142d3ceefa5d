// Package client asks a siam server, see docs/server.md. What it answers has the shapes of package api.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

// Client asks one server with one key. It is safe for use by several goroutines.
type Client struct {
	base string
	key  string
	http *http.Client
}

// Option changes how [New] sets a client up.
type Option func(*Client)

// WithHTTP sends requests by a client of the caller's, such as one that knows a certificate.
func WithHTTP(h *http.Client) Option { return func(c *Client) { c.http = h } }

// New makes a client of a server's address, such as http://127.0.0.1:8080, and a key that siam serve key add made.
func New(address, key string, opts ...Option) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server %q: want an address such as http://127.0.0.1:8080", address)
	}
	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.MaxIdleConnsPerHost = pool.MaxIdleConns // it asks one server, perhaps from many goroutines
	c := &Client{base: strings.TrimSuffix(address, "/"), key: key, http: &http.Client{Timeout: time.Minute, Transport: pool}}
	for _, opt := range opts {
		opt(c)
	}
	return c, nil
}

// Error is a problem that a server answered.
type Error struct {
	api.Problem
	RetryAfter time.Duration // after which to try again; 0 where the server did not say
}

func (e *Error) Error() string { return fmt.Sprintf("server: %s (%d)", e.Detail, e.Status) }

// Busy says whether an error is a server's that has too much to do, or whose store is away: try again after its RetryAfter.
func Busy(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests)
}

// Image is the content of an image file.
type Image struct {
	Name string // for people
	Data []byte
}

// Look says how a model looks at images.
type Look struct {
	Model string // hash, its beginning, or name; needed where the server holds several
	Faces bool   // the images are photographs: find the faces in them
}

// Compare judges whether two images are the same.
func (c *Client) Compare(ctx context.Context, a, b Image, how Look) (api.Verdict, error) {
	f := newForm().look(how).file("a", a).file("b", b)
	return send[api.Verdict](ctx, c, "/v1/compare", f)
}

// Embed embeds images, or the faces in them.
func (c *Client) Embed(ctx context.Context, how Look, images ...Image) (api.Embedded, error) {
	return send[api.Embedded](ctx, c, "/v1/embed", newForm().look(how).images(images))
}

// Masks finds what two or more images share; model is the name of a model of co-segmentation, needed where the server holds several.
func (c *Client) Masks(ctx context.Context, model string, images ...Image) (api.Masks, error) {
	return send[api.Masks](ctx, c, "/v1/masks", newForm().value("model", model).images(images))
}

// Enroll adds images of an id to a gallery, all or none.
func (c *Client) Enroll(ctx context.Context, name, id string, images ...Image) (api.Enrolled, error) {
	return send[api.Enrolled](ctx, c, in(name, "enroll"), newForm().value("id", id).images(images))
}

// Identify finds out who is on images: 1:N.
func (c *Client) Identify(ctx context.Context, name string, images ...Image) (api.Identified, error) {
	return send[api.Identified](ctx, c, in(name, "identify"), newForm().images(images))
}

// IdentifyBurst finds out who the one person is who is on several images.
func (c *Client) IdentifyBurst(ctx context.Context, name string, images ...Image) (gallery.BurstResult, error) {
	out, err := send[api.Bursts](ctx, c, in(name, "identify/burst"), newForm().images(images))
	if err != nil || len(out.Results) == 0 {
		return gallery.BurstResult{}, err
	}
	return out.Results[0], nil
}

// IdentifyEmbeddings finds out whose embeddings are.
func (c *Client) IdentifyEmbeddings(ctx context.Context, name string, probes api.Probes) (api.Identified, error) {
	return post[api.Identified](ctx, c, in(name, "identify/embeddings"), probes)
}

// Verify finds out whether an image shows an id: 1:1.
func (c *Client) Verify(ctx context.Context, name, id string, image Image) (gallery.Result, error) {
	return send[gallery.Result](ctx, c, in(name, "verify"), newForm().value("id", id).images([]Image{image}))
}

// Reject keeps who is on images as strangers; notID, whom they were taken for, may be empty.
func (c *Client) Reject(ctx context.Context, name, notID string, images ...Image) (api.Rejected, error) {
	return send[api.Rejected](ctx, c, in(name, "reject"), newForm().value("id", notID).images(images))
}

// RejectFace keeps one of the faces on an image as a stranger: that of a number, from 1, as [Client.Identify] answers it.
func (c *Client) RejectFace(ctx context.Context, name, notID string, image Image, face int) (api.Rejected, error) {
	return send[api.Rejected](ctx, c, in(name, "reject"), newForm().value("id", notID).value("face", strconv.Itoa(face)).images([]Image{image}))
}

// Remove erases ids, all or none.
func (c *Client) Remove(ctx context.Context, name string, ids ...string) (api.Removed, error) {
	return post[api.Removed](ctx, c, in(name, "remove"), api.IDs{IDs: ids})
}

// Calibrate learns a gallery's thresholds.
func (c *Client) Calibrate(ctx context.Context, name string, promise api.Promise) (gallery.Study, error) {
	return post[gallery.Study](ctx, c, in(name, "calibrate"), promise)
}

// Map lays out the embeddings of a gallery on a plane, by pca or tsne.
func (c *Client) Map(ctx context.Context, name, method string) (api.Map, error) {
	return get[api.Map](ctx, c, in(name, "map")+"?method="+url.QueryEscape(method))
}

// Trainings lists those that write into the server's folder of models.
func (c *Client) Trainings(ctx context.Context) (api.Trainings, error) {
	return get[api.Trainings](ctx, c, "/v1/trainings")
}

// Review lists the faces that wait for a person.
func (c *Client) Review(ctx context.Context, name string) (api.Reviewed, error) {
	return get[api.Reviewed](ctx, c, in(name, "review"))
}

// Decide settles faces that wait, and lists those that wait then.
func (c *Client) Decide(ctx context.Context, name string, d api.Decision) (api.Reviewed, error) {
	return post[api.Reviewed](ctx, c, in(name, "review"), d)
}

// Galleries lists the galleries in the key's scope.
func (c *Client) Galleries(ctx context.Context) (api.Galleries, error) {
	return get[api.Galleries](ctx, c, "/v1/galleries")
}

// IDs lists who is enrolled.
func (c *Client) IDs(ctx context.Context, name string) (api.Listed, error) {
	return get[api.Listed](ctx, c, in(name, "ids"))
}

// Models lists the models that the server holds.
func (c *Client) Models(ctx context.Context) (api.Models, error) {
	return get[api.Models](ctx, c, "/v1/models")
}

// Audit verifies the audit log, as many lines at a time as a server does. It fails where it was altered meanwhile, too.
func (c *Client) Audit(ctx context.Context) (api.Audited, error) {
	var all api.Audited
	for {
		part, err := get[api.AuditedPart](ctx, c, fmt.Sprintf("/v1/audit?limit=10000&from=%d", all.Lines+1))
		if err == nil && part.Before != all.Hash {
			err = fmt.Errorf("server %s: the audit log was altered before line %d", c.base, part.From)
		}
		if err != nil || !part.More {
			return part.Audited, err
		}
		all = part.Audited
	}
}

// Ready fails where the server cannot answer requests. It needs no key.
func (c *Client) Ready(ctx context.Context) error {
	_, err := get[api.Health](ctx, c, "/readyz")
	return err
}

// in is an address below a gallery.
func in(name, what string) string { return "/v1/galleries/" + url.PathEscape(name) + "/" + what }

// form is a request with files.
type form struct {
	body bytes.Buffer
	*multipart.Writer
}

func newForm() *form {
	f := &form{}
	f.Writer = multipart.NewWriter(&f.body)
	return f
}

// Writes into memory do not fail.
func (f *form) value(name, value string) *form {
	if value != "" {
		_ = f.WriteField(name, value)
	}
	return f
}

func (f *form) file(name string, image Image) *form {
	part, err := f.CreateFormFile(name, image.Name)
	if err == nil {
		_, _ = part.Write(image.Data)
	}
	return f
}

func (f *form) images(images []Image) *form {
	for _, image := range images {
		f.file("image", image)
	}
	return f
}

func (f *form) look(how Look) *form {
	f.value("model", how.Model)
	if how.Faces {
		f.value("faces", "true")
	}
	return f
}

func send[T any](ctx context.Context, c *Client, path string, f *form) (T, error) {
	if err := f.Close(); err != nil {
		var none T
		return none, err
	}
	return ask[T](ctx, c, http.MethodPost, path, f.FormDataContentType(), &f.body)
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, err
	}
	return ask[T](ctx, c, http.MethodPost, path, "application/json", bytes.NewReader(encoded))
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	return ask[T](ctx, c, http.MethodGet, path, "", nil)
}

// request is one with the client's key.
func (c *Client) request(ctx context.Context, method, path, kind string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r, nil
}

// ask sends a request and decodes the answer.
func ask[T any](ctx context.Context, c *Client, method, path, kind string, body io.Reader) (out T, err error) {
	r, err := c.request(ctx, method, path, kind, body)
	if err != nil {
		return out, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return out, fmt.Errorf("server %s: %w", c.base, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return out, problemOf(response)
	}
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("server %s: the answer is no JSON as it should be: %w", c.base, err)
	}
	return out, nil
}

// problemOf is what a server that refused says.
func problemOf(response *http.Response) error {
	e := &Error{}
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err == nil {
		err = json.Unmarshal(text, &e.Problem)
	}
	if err != nil || e.Detail == "" { // of something between
		e.Detail = response.Status
	}
	e.Status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
