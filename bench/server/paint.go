//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chromedp/chromedp"
)

// paint is when a browser first shows something of the page, milliseconds after it was asked for it, the median of some visits, and how many
// bytes it took.
func (s *serving) paint(ctx context.Context, browser string) (first, bytes float64, err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU)
	all, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	tab, end := chromedp.NewContext(all)
	defer end()
	tab, cancel := context.WithTimeout(tab, 2*time.Minute)
	defer cancel()
	var times []float64
	for range 7 {
		if err := chromedp.Do(tab, chromedp.Navigate("http://"+s.lines.address), chromedp.WaitVisible("#login")); err != nil {
			return 0, 0, fmt.Errorf("first paint in %s: %w", browser, err)
		}
		seen, err := chromedp.Run(tab, chromedp.Evaluate[[]float64](`[performance.getEntriesByName("first-contentful-paint").reduce((_, e) => e.startTime, 0),
			["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind)).reduce((sum, e) => sum + e.transferSize, 0)]`))
		if err != nil {
			return 0, 0, err
		}
		if seen[0] > 0 {
			times, bytes = append(times, seen[0]), seen[1]
		}
	}
	if len(times) == 0 {
		return 0, 0, fmt.Errorf("%s paints nothing of the page", browser)
	}
	slices.Sort(times)
	return times[len(times)/2], bytes, nil
}
