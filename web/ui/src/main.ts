import { mount } from 'svelte'
import './app.css'
import App from './App.svelte'
import { startRouter } from './lib/router.svelte'
import './parts/Tabs.svelte' // so little that it comes with the first script instead of costing each page with tabs a request

startRouter()
mount(App, { target: document.body })
