import { mount } from 'svelte'
import './app.css'
import App from './App.svelte'
import { askEarly, firstPath } from './lib/first.svelte'
import { router, startRouter } from './lib/router.svelte'
import { session } from './lib/session.svelte'
// So little, or wanted by so many pages, that they come with the first script instead of costing each page a request.
import './parts/Change.svelte'
import './parts/Copy.svelte'
import './parts/Tabs.svelte'
import './parts/Told.svelte'
import './parts/WidePanel.svelte'
import './lib/details'
import './lib/numbers'

startRouter()
session.start()
if (!session.isOut) askEarly(firstPath(router.segments, router.query))
// A task of its own: what the browser has to do in between need not wait for both.
setTimeout(() => {
  mount(App, { target: document.body })
  document.getElementById('first')?.remove()
})
