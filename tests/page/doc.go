// Package page opens the HTML report of an audit in headless Chromium. It is a
// module of its own, so that the library does not depend on what drives a browser.
//
// `make test-page` writes the pages, of the reports in the tests of package
// cmd/waxseal/internal/audit/page, and says in WAXSEAL_PAGES where they are.
package page
