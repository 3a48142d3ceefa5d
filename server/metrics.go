package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/siam-go/siam/gallery"
)

// metrics is what Prometheus is told.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec // seconds, by pattern and status
	verdicts *prometheus.CounterVec
	waiting  prometheus.Gauge
	refused  prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "siam_request_seconds", Help: "Time to answer a request.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"request", "status"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "siam_verdicts_total", Help: "Verdicts on faces and images."}, []string{"verdict"}),
		waiting:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "siam_queue_requests", Help: "Requests at work or waiting."}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "siam_queue_refused_total", Help: "Requests answered 503 because there was too much to do."}),
	}
	m.registry.MustRegister(m.requests, m.verdicts, m.waiting, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) judged(o gallery.Outcome) { m.verdicts.WithLabelValues(string(o)).Inc() }

// watch measures requests.
func (m *metrics) watch(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, seen := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		inner.ServeHTTP(seen, r)
		pattern := r.Pattern // an address as it was registered, so that a client cannot make new ones
		if pattern == "" || pattern == "/" {
			pattern = "other"
		}
		m.requests.WithLabelValues(pattern, strconv.Itoa(seen.status)).Observe(time.Since(begin).Seconds())
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answerMetrics answers Prometheus, which needs a key as others do.
func (s *Server) answerMetrics(inner http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.admit(r, policy{all: true}); err != nil {
			refusal(err, s.Log, "metrics").write(w)
			return
		}
		inner.ServeHTTP(w, r)
	}
}
