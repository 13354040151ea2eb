"""Chapter 5 with telephone and web switched off: installed products, warranty, reports, surveys, quality cases."""
