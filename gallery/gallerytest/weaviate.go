package gallerytest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Weaviate is a cluster of three nodes on this machine.
type Weaviate struct {
	program, folder string
	first           int // port of the first node; each has 6
	nodes           [Nodes]*exec.Cmd
}

const (
	// Nodes is how many a cluster has, from 0 on.
	Nodes = 3
	ports = 6 // of a node
)

// StartWeaviate starts a cluster of the program weaviate-server that is named by SIAM_TEST_WEAVIATE, or lies in PATH.
func StartWeaviate() (*Weaviate, error) {
	program := os.Getenv("SIAM_TEST_WEAVIATE")
	if program == "" {
		program = "weaviate-server"
	}
	program, err := exec.LookPath(program)
	if err != nil {
		return nil, errors.New("no server to try stores on: SIAM_TEST_WEAVIATE names no weaviate-server, and there is none in PATH (go install github.com/weaviate/weaviate/cmd/weaviate-server@v1.35.2)")
	}
	folder, err := os.MkdirTemp("", "siam-weaviate")
	if err != nil {
		return nil, err
	}
	c := &Weaviate{program: program, folder: folder, first: freePorts(Nodes * ports)}
	if err := c.startAll(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// freePorts is the first of some ports that are free.
func freePorts(n int) int {
next:
	for { // not those that the system gives to connections
		first := 20000 + rand.IntN(10000)
		for p := first; p < first+n; p++ {
			listener, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", p))
			if err != nil {
				continue next
			}
			listener.Close()
		}
		return first
	}
}

func (c *Weaviate) startAll() error {
	for i := range c.nodes {
		if err := c.launch(i); err != nil {
			return err
		}
		if i == 0 { // the others join it
			if err := Within(time.Minute, func() bool { return dials(c.port(0, 1)) }); err != nil {
				return fmt.Errorf("node 0 does not listen: %w", err)
			}
		}
	}
	for i := range c.nodes {
		if err := c.ready(i); err != nil {
			return err
		}
	}
	return nil
}

// Start starts a node that was killed, and waits until it answers.
func (c *Weaviate) Start(node int) error {
	if err := c.launch(node); err != nil {
		return err
	}
	return c.ready(node)
}

func (c *Weaviate) port(node, nth int) string { return strconv.Itoa(c.first + node*ports + nth) }

func (c *Weaviate) launch(node int) error {
	var members []string
	for i := range c.nodes {
		members = append(members, fmt.Sprintf("n%d:%s", i, c.port(i, 4)))
	}
	log, err := os.OpenFile(filepath.Join(c.folder, fmt.Sprintf("n%d.log", node)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.program, "--host", "127.0.0.1", "--port", c.port(node, 0), "--scheme", "http")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "PERSISTENCE_DATA_PATH="+filepath.Join(c.folder, fmt.Sprint("n", node)), fmt.Sprint("CLUSTER_HOSTNAME=n", node),
		"CLUSTER_IN_LOCALHOST=true", "CLUSTER_ADVERTISE_ADDR=127.0.0.1", "CLUSTER_GOSSIP_BIND_PORT="+c.port(node, 1), "CLUSTER_DATA_BIND_PORT="+c.port(node, 2),
		"GRPC_PORT="+c.port(node, 3), "RAFT_PORT="+c.port(node, 4), "RAFT_INTERNAL_RPC_PORT="+c.port(node, 5), "RAFT_JOIN="+strings.Join(members, ","),
		"RAFT_BOOTSTRAP_EXPECT=3", "RAFT_TIMEOUTS_MULTIPLIER=1", "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=true", "DEFAULT_VECTORIZER_MODULE=none",
		"DISABLE_TELEMETRY=true", "GO_PROFILING_DISABLE=true", "LOG_LEVEL=warning")
	for i := range c.nodes {
		if i != node && dials(c.port(i, 1)) {
			cmd.Env = append(cmd.Env, "CLUSTER_JOIN=127.0.0.1:"+c.port(i, 1))
			break
		}
	}
	c.nodes[node] = cmd
	return cmd.Start()
}

func dials(port string) bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// ready waits for a node to answer.
func (c *Weaviate) ready(node int) error {
	err := Within(time.Minute, func() bool {
		response, err := http.Get("http://" + c.Host(node) + "/v1/.well-known/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(c.folder, fmt.Sprintf("n%d.log", node)))
		return fmt.Errorf("node %d does not answer: %w: %s", node, err, log[max(0, len(log)-1000):])
	}
	return nil
}

// Within waits until something is done. It looks once more after the limit, as this program may have stood still until then.
func Within(limit time.Duration, done func() bool) error {
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		late := time.Since(start) > limit
		if done() {
			return nil
		}
		if late {
			return fmt.Errorf("not within %v", limit)
		}
	}
}

// Host is where a node answers.
func (c *Weaviate) Host(node int) string { return "127.0.0.1:" + c.port(node, 0) }

// Address is that of a store, the nodes in an order that begins with one.
func (c *Weaviate) Address(name string, first int) string {
	return fmt.Sprintf("weaviate://%s/%s?also=%s,%s", c.Host(first), name, c.Host((first+1)%Nodes), c.Host((first+2)%Nodes))
}

// Kill ends a node at once, as a power cut does.
func (c *Weaviate) Kill(node int) {
	if cmd := c.nodes[node]; cmd != nil && cmd.Process != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	c.nodes[node] = nil
}

// Stop ends all nodes.
func (c *Weaviate) Stop() {
	for i := range c.nodes {
		c.Kill(i)
	}
	os.RemoveAll(c.folder)
}
