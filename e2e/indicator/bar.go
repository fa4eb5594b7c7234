package indicator

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Bar is the indicator on the page that a browser shows.
type Bar struct {
	Drawn        bool   // by its script; else it is the one that stands in the page
	Text         string // what can be read in it, in single spaces
	Said         string // what is said aloud
	Cover        string // what stands on the cover; "" where the page is not covered
	X, Y         float64
	Right, Below float64
	EndX, EndY   float64 // the middle of its End
	OnTop        bool    // a click there comes to it
	Frame        bool
	whole        *cdp.Node
}

// ErrNone: there is no indicator on the page.
var ErrNone = errors.New("the page shows no indicator")

// See finds the bar on the page.
func See(ctx context.Context) (*Bar, error) {
	root, err := whole(ctx)
	if err != nil {
		return nil, err
	}
	b := &Bar{}
	if host := find(root, is("stead-indicator")); host != nil && len(host.ShadowRoots) == 1 {
		b.Drawn, b.whole = true, host.ShadowRoots[0]
		if c := find(b.whole, class("cover")); c != nil && slices.Contains(c.Attributes, "open") {
			b.Cover = words(c)
		}
		b.Said = words(find(b.whole, class("status")))
		return b, b.measure(ctx, find(b.whole, class("bar")), find(b.whole, class("frame")))
	}
	if b.whole = find(root, id("stead-bar")); b.whole == nil {
		return nil, ErrNone
	}
	return b, b.measure(ctx, b.whole, find(root, id("stead-frame")))
}

// whole is the page with what is hidden in closed roots. It leaves alone which nodes the browser's driver knows.
func whole(ctx context.Context) (*cdp.Node, error) {
	page, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil {
		return nil, err
	}
	depth, pierce := int64(-1), true
	node, err := chromedp.Call(ctx, dom.DescribeNode, dom.DescribeNodeParams{ObjectID: page.Result.ObjectID, Depth: &depth, Pierce: &pierce})
	if err != nil {
		return nil, err
	}
	return node.Node, nil
}

// measure looks where the bar is, and whether a click on its End would come to it.
func (b *Bar) measure(ctx context.Context, bar, frame *cdp.Node) error {
	b.Text = words(bar)
	if b.Cover != "" {
		return nil
	}
	end := find(bar, func(n *cdp.Node) bool {
		return (n.LocalName == "button" || n.LocalName == "a") && words(n) == "End session"
	})
	if end == nil {
		return errors.New("the bar offers no end: " + b.Text)
	}
	box, err := quad(ctx, bar)
	if err != nil {
		return err
	}
	b.X, b.Y, b.Right, b.Below = box[0], box[1], box[4], box[5]
	if box, err = quad(ctx, end); err != nil {
		return err
	}
	b.EndX, b.EndY = (box[0]+box[4])/2, (box[1]+box[5])/2
	if _, err := quad(ctx, frame); err == nil {
		b.Frame = true
	}
	// Boxes are counted from the window, points from the document.
	view, err := chromedp.Call(ctx, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return err
	}
	x, y := int64(b.EndX+view.CSSVisualViewport.PageX), int64(b.EndY+view.CSSVisualViewport.PageY)
	on, err := chromedp.Call(ctx, dom.GetNodeForLocation, dom.GetNodeForLocationParams{X: x, Y: y})
	if err != nil {
		return err
	}
	b.OnTop = find(end, func(n *cdp.Node) bool { return n.BackendNodeID == on.BackendNodeID }) != nil
	return nil
}

// Point is the middle of what in the bar or on its cover reads as text.
func (b *Bar) Point(ctx context.Context, text string) (x, y float64, err error) {
	n := find(b.whole, func(n *cdp.Node) bool {
		return (n.LocalName == "button" || n.LocalName == "a") && (words(n) == text || named(n, "aria-label", text))
	})
	if n == nil {
		return 0, 0, errors.New("the indicator has no " + text)
	}
	box, err := quad(ctx, n)
	if err != nil {
		return 0, 0, err
	}
	return (box[0] + box[4]) / 2, (box[1] + box[5]) / 2, nil
}

func quad(ctx context.Context, n *cdp.Node) (dom.Quad, error) {
	if n == nil {
		return nil, ErrNone
	}
	box, err := chromedp.Call(ctx, dom.GetBoxModel, dom.GetBoxModelParams{BackendNodeID: n.BackendNodeID})
	if err != nil {
		return nil, err
	}
	return box.Model.Border, nil
}

func find(n *cdp.Node, want func(*cdp.Node) bool) *cdp.Node {
	if n == nil || want(n) {
		return n
	}
	for _, list := range [][]*cdp.Node{n.ShadowRoots, n.Children} {
		for _, c := range list {
			if found := find(c, want); found != nil {
				return found
			}
		}
	}
	return nil
}

func is(name string) func(*cdp.Node) bool {
	return func(n *cdp.Node) bool { return n.LocalName == name }
}

func id(name string) func(*cdp.Node) bool {
	return func(n *cdp.Node) bool { return named(n, "id", name) }
}

func class(name string) func(*cdp.Node) bool {
	return func(n *cdp.Node) bool { return named(n, "class", name) }
}

func named(n *cdp.Node, attribute, value string) bool {
	for i := 0; i+1 < len(n.Attributes); i += 2 {
		if n.Attributes[i] == attribute {
			return n.Attributes[i+1] == value
		}
	}
	return false
}

// words is the text of a node, without what is hidden.
func words(n *cdp.Node) string {
	var b strings.Builder
	var walk func(*cdp.Node)
	walk = func(n *cdp.Node) {
		if slices.Contains(n.Attributes, "hidden") && n.LocalName != "input" {
			return
		}
		if n.NodeType == 3 {
			b.WriteString(n.NodeValue)
		}
		for _, c := range n.Children {
			walk(c)
		}
		if n.LocalName != "strong" {
			b.WriteByte(' ')
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
