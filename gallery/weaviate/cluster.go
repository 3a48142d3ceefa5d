package weaviate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/siam-go/siam/gallery"
)

// cluster speaks to the nodes of a cluster about one class of objects, which have a name and a text each. It asks the next node where
// one does not answer. The project's own client asks one host only, and would bring gRPC and some two hundred packages.
type cluster struct {
	hosts  []string // scheme://host:port
	key    string   // of its API, may be empty
	class  string
	client *http.Client
	last   atomic.Int64 // which host answered last
}

const (
	attemptTime = 5 * time.Second  // for one node to answer one request
	outageTime  = 20 * time.Second // for a cluster that lost a node to answer again
	quorum      = "?consistency_level=QUORUM"
)

// errFull is what nodes say when their disks are nearly full.
var errFull = errors.New("the cluster is read-only, as it is when its disks are nearly full: nothing was changed; make room, set its shards to READY and try again")

// full says whether a node that answers has made its objects read-only.
func (c *cluster) full(ctx context.Context) bool {
	_, got, err := c.round(ctx, http.MethodGet, "schema/"+c.class+"/shards", nil)
	return err == nil && strings.Contains(string(got.body), `"READONLY"`)
}

// answer is what a node says.
type answer struct {
	status int
	body   []byte
}

// message is what a node says about a request that it does not fulfil.
func (a answer) message() string {
	return fmt.Sprintf("HTTP %d %.300s", a.status, strings.Join(strings.Fields(string(a.body)), " "))
}

// do sends a request until a node fulfils or refuses it. While some nodes answer, those that fail are waited for: they choose a new
// leader when they lose one.
func (c *cluster) do(ctx context.Context, method, path string, body any) (answer, error) {
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	for start, pause := time.Now(), 20*time.Millisecond; ; pause = min(2*pause, time.Second) {
		alive, got, err := c.round(ctx, method, path, encoded)
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		if !alive || time.Since(start) > outageTime {
			return answer{}, fmt.Errorf("%w: %w", gallery.ErrUnreachable, err)
		}
		if err := wait(ctx, pause); err != nil {
			return answer{}, err
		}
	}
}

// round asks every node once, until one fulfils or refuses the request. alive is whether any answered.
func (c *cluster) round(ctx context.Context, method, path string, body []byte) (alive bool, got answer, err error) {
	first := int(c.last.Load())
	for i := range c.hosts {
		at := (first + i) % len(c.hosts)
		var failed error
		if got, failed = c.attempt(ctx, c.hosts[at], method, path, body); failed == nil {
			if got.status < 500 {
				c.last.Store(int64(at))
				return true, got, nil
			}
			alive, failed = true, errors.New(got.message())
		}
		if err == nil || alive {
			err = failed
		}
	}
	return alive, got, err
}

func (c *cluster) attempt(ctx context.Context, host, method, path string, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime+time.Duration(len(body))*time.Microsecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, host+"/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := c.client.Do(request)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err // the address is long, and may hold a key
		}
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, content}, err
}

// want is do for requests that have to be fulfilled with one of some statuses.
func (c *cluster) want(ctx context.Context, method, path string, body any, statuses ...int) (answer, error) {
	got, err := c.do(ctx, method, path, body)
	if err == nil && !slices.Contains(statuses, got.status) {
		err = errors.New(got.message())
		if got.status == http.StatusUnauthorized || got.status == http.StatusForbidden {
			err = fmt.Errorf("it does not accept the API key of the address: %w", err)
		}
	}
	return got, err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// object is one that the cluster keeps.
type object struct {
	Class      string     `json:"class"`
	ID         string     `json:"id"`
	Properties properties `json:"properties"`
}

type properties struct {
	Body string `json:"body"`
}

// object encodes a value under a name.
func (c *cluster) object(name string, value any) (object, error) {
	encoded, err := json.Marshal(value)
	return object{c.class, name, properties{string(encoded)}}, err
}

// get reads an object from a majority of its replicas; there is false where they have none.
func (c *cluster) get(ctx context.Context, name string) (text string, there bool, err error) {
	got, err := c.want(ctx, http.MethodGet, "objects/"+c.class+"/"+name+quorum, nil, http.StatusOK, http.StatusNotFound)
	if err != nil || got.status == http.StatusNotFound {
		return "", false, err
	}
	var o object
	if err := json.Unmarshal(got.body, &o); err != nil {
		return "", false, fmt.Errorf("%w: object %s: %w", gallery.ErrDamaged, name, err)
	}
	return o.Properties.Body, true, nil
}

const (
	atOnce  = 8   // requests at a time
	perList = 250 // objects a request
)

// getEach reads objects from a majority of replicas each.
func (c *cluster) getEach(ctx context.Context, names []string) (map[string]string, error) {
	found, mu := map[string]string{}, sync.Mutex{}
	err := each(names, func(name string) error {
		text, there, err := c.get(ctx, name)
		if there {
			mu.Lock()
			defer mu.Unlock()
			found[name] = text
		}
		return err
	})
	return found, err
}

// each does something for all names, some at a time.
func each[T any](all []T, do func(T) error) error {
	errs := make(chan error, len(all))
	places := make(chan struct{}, atOnce)
	for _, one := range all {
		places <- struct{}{}
		go func() { errs <- do(one); <-places }()
	}
	var first error
	for range all {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}

// getMany reads objects that are written once and never altered: those that one replica has, in few requests, and what it lacks from
// a majority.
func (c *cluster) getMany(ctx context.Context, names []string) (map[string]string, error) {
	if len(names) <= atOnce {
		return c.getEach(ctx, names)
	}
	found := map[string]string{}
	for some := range slices.Chunk(names, perList) {
		if err := c.list(ctx, some, found); err != nil {
			return nil, err
		}
	}
	rest, err := c.getEach(ctx, slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, have := found[name]; return have }))
	for name, text := range rest {
		found[name] = text
	}
	return found, err
}

// list asks one replica for objects.
func (c *cluster) list(ctx context.Context, names []string, found map[string]string) error {
	quoted, err := json.Marshal(names)
	if err != nil {
		return err
	}
	query := fmt.Sprintf("{Get{%s(where:{path:[\"id\"],operator:ContainsAny,valueText:%s},limit:%d){body _additional{id}}}}", c.class, quoted, len(names))
	got, err := c.want(ctx, http.MethodPost, "graphql", map[string]string{"query": query}, http.StatusOK)
	if err != nil {
		return err
	}
	var lists struct {
		Data struct {
			Get map[string][]struct {
				Body       string `json:"body"`
				Additional struct {
					ID string `json:"id"`
				} `json:"_additional"`
			}
		} `json:"data"`
	}
	if err := json.Unmarshal(got.body, &lists); err != nil {
		return fmt.Errorf("%w: %.100s", gallery.ErrDamaged, got.body)
	}
	for _, o := range lists.Data.Get[c.class] { // errors leave it empty: getMany asks for each object then
		found[o.Additional.ID] = o.Body
	}
	return nil
}

// put writes objects to a majority of their replicas.
func (c *cluster) put(ctx context.Context, objects []object) error {
	for len(objects) > 0 {
		n, size := 0, 0
		for n < len(objects) && n < perList && size < 4<<20 {
			size += len(objects[n].Properties.Body)
			n++
		}
		if err := c.putSome(ctx, objects[:n]); err != nil {
			return err
		}
		objects = objects[n:]
	}
	return nil
}

func (c *cluster) putSome(ctx context.Context, objects []object) error {
	var failed string
	for start := time.Now(); time.Since(start) < outageTime; {
		got, err := c.want(ctx, http.MethodPost, "batch/objects"+quorum, map[string]any{"objects": objects}, http.StatusOK)
		if err != nil {
			return err
		}
		if failed = failure(got.body, len(objects)); failed == "" {
			return nil
		}
		if c.full(ctx) {
			return errFull
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %s", gallery.ErrUnreachable, failed)
}

// failure is what was wrong with an object of a batch; empty when all were written.
func failure(body []byte, n int) string {
	var results []struct {
		Result struct {
			Status string `json:"status"`
			Errors struct {
				Error []struct {
					Message string `json:"message"`
				} `json:"error"`
			} `json:"errors"`
		} `json:"result"`
	}
	if err := json.Unmarshal(body, &results); err != nil || len(results) != n {
		return fmt.Sprintf("an answer that does not fit %d objects: %.100s", n, body)
	}
	for _, r := range results {
		if r.Result.Status != "SUCCESS" {
			for _, e := range r.Result.Errors.Error {
				return e.Message
			}
			return "an object was not written"
		}
	}
	return ""
}

// delete deletes objects on all replicas that can be reached, and fails without a majority of them.
func (c *cluster) delete(ctx context.Context, names []string) error {
	return each(names, func(name string) error {
		_, err := c.want(ctx, http.MethodDelete, "objects/"+c.class+"/"+name+quorum, nil, http.StatusNoContent, http.StatusNotFound)
		return err
	})
}

// has says whether a node has an object itself.
func (c *cluster) has(ctx context.Context, node, name string) (bool, error) {
	got, err := c.want(ctx, http.MethodGet, "objects/"+c.class+"/"+name+"?node_name="+url.QueryEscape(node), nil, http.StatusOK, http.StatusNotFound)
	return got.status == http.StatusOK, err
}

// replicas are the names of the nodes that keep objects, and whether all that should are well.
func (c *cluster) replicas(ctx context.Context) (nodes []string, all bool, err error) {
	got, err := c.want(ctx, http.MethodGet, "nodes/"+c.class+"?output=verbose", nil, http.StatusOK)
	if err != nil {
		return nil, false, err
	}
	var list struct {
		Nodes []struct {
			Name, Status string
			Shards       []struct {
				Name              string
				ReplicationFactor int
			}
		}
	}
	if err := json.Unmarshal(got.body, &list); err != nil {
		return nil, false, fmt.Errorf("%w: %.100s", gallery.ErrDamaged, got.body)
	}
	lacking := map[string]int{} // replicas of shards
	for _, n := range list.Nodes {
		if n.Status != "HEALTHY" {
			return nodes, false, nil
		}
		for _, s := range n.Shards {
			if _, seen := lacking[s.Name]; !seen {
				lacking[s.Name] = s.ReplicationFactor
			}
			lacking[s.Name]--
		}
		if len(n.Shards) > 0 {
			nodes = append(nodes, n.Name)
		}
	}
	for _, n := range lacking {
		if n > 0 {
			return nodes, false, nil
		}
	}
	return nodes, len(nodes) > 0, nil
}
