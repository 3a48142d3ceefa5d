package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/siam-go/siam/api"
)

// longestVerdict is more than a verdict with all its candidates has bytes.
const longestVerdict = 4 << 20

// Verdicts are those of a gallery as they are given, from now on, until ctx ends, which is no error. A server ends what it tells now and
// then; it is asked again, and nothing of its last 256 verdicts is missed. The error of a server that cannot be asked ends the sequence.
func (c *Client) Verdicts(ctx context.Context, name string) iter.Seq2[api.Judged, error] {
	return func(yield func(api.Judged, error) bool) {
		last := ""
		for ctx.Err() == nil {
			more, err := c.listen(ctx, in(name, "verdicts"), &last, yield)
			if err != nil && ctx.Err() == nil {
				yield(api.Judged{}, err)
			}
			if err != nil || !more {
				return
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}

// listen hears events until the server ends them; more is false where the caller wants none.
func (c *Client) listen(ctx context.Context, path string, last *string, yield func(api.Judged, error) bool) (more bool, err error) {
	r, err := c.request(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return false, err
	}
	if *last != "" {
		r.Header.Set("Last-Event-ID", *last)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return false, fmt.Errorf("server %s: %w", c.base, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, problemOf(response)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, longestVerdict)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			*last = value
		case "data":
			var j api.Judged
			if err := json.Unmarshal([]byte(value), &j); err != nil {
				return false, fmt.Errorf("server %s: a verdict is no JSON as it should be: %w", c.base, err)
			}
			if !yield(j, nil) {
				return false, nil
			}
		}
	}
	return true, nil
}
